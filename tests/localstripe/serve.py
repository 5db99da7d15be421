"""localstripe with Checkout Sessions, which it lacks, on top of its own payment intents: they are
paid there, and its own signed webhooks tell of it."""

import socket
import sys

from aiohttp import web
from localstripe import server
from localstripe.resources import PaymentIntent, PaymentMethod

sessions = {}
by_key = {}


def shown(session):
    intent = PaymentIntent._api_retrieve(session["intent"])
    paid = intent.status == "succeeded"
    return {
        "id": session["id"],
        "object": "checkout.session",
        "url": f"https://checkout.example/{session['id']}",
        "status": "expired" if session["expired"] else "complete" if paid else "open",
        "payment_status": "paid" if paid else "unpaid",
        "amount_total": session["amount"],
        "currency": session["currency"],
        "payment_intent": session["intent"] if paid else None,
        "client_reference_id": session["reference"],
    }


async def create(request):
    form = await request.post()
    key = request.headers["Idempotency-Key"]
    if key not in by_key:
        price = "line_items[0][price_data]"
        metadata = {"payment_id": form["payment_intent_data[metadata][payment_id]"]}
        assert form["mode"] == "payment" and form["line_items[0][quantity]"] == "1"
        assert int(form["expires_at"]) > 0 and form["success_url"].startswith("http")
        amount, currency = int(form[f"{price}[unit_amount]"]), form[f"{price}[currency]"]
        intent = PaymentIntent._api_create(amount=amount, currency=currency, metadata=metadata)
        session = {"id": f"cs_test_{len(sessions) + 1}", "intent": intent.id, "amount": amount, "currency": currency,
                   "reference": form["client_reference_id"], "expired": False}
        sessions[session["id"]] = by_key[key] = session
    return web.json_response(shown(by_key[key]))


async def retrieve(request):
    session = sessions.get(request.match_info["id"])
    if session is None:
        return web.json_response({"error": {"type": "invalid_request_error"}}, status=404)
    return web.json_response(shown(session))


async def pay(request):
    """What the page of a session does once somebody typed the number of a card."""
    session = sessions[request.match_info["id"]]
    form = await request.post()
    if "amount" in form:
        session["amount"] = int(form["amount"])
    card = {"number": form["number"], "exp_month": "12", "exp_year": "2034", "cvc": "123"}
    intent = PaymentIntent._api_retrieve(session["intent"])
    # A new try forgets the charge before.
    intent.latest_charge = None
    intent.payment_method = PaymentMethod._api_create(type="card", card=card).id
    try:
        PaymentIntent._api_confirm(intent.id)
    except server.UserError as refused:
        return web.json_response({}, status=refused.code)
    return web.json_response(shown(session))


async def expire(request):
    sessions[request.match_info["id"]]["expired"] = True
    return web.json_response({})


# Nothing of it outlives the test.
server.store.dump_to_disk = lambda: None
server.app.router.add_post("/v1/checkout/sessions", create)
server.app.router.add_get("/v1/checkout/sessions/{id}", retrieve)
server.app.router.add_post("/_pay/{id}", pay)
server.app.router.add_post("/_expire/{id}", expire)
listener = socket.create_server(("127.0.0.1", 0))
print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
web.run_app(server.app, sock=listener, print=None, access_log=None)
sys.exit(0)
