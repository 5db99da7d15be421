//! The pages with made-up content, to look at while changing templates and styles:
//! `cargo run --example pages`, then open <http://127.0.0.1:18081/>. Stylesheets are read from disk.

mod samples;

use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use askama::Template;
use dialnexa::web::assets;
use dialnexa::web::frame::{Frame, first_letter};
use dialnexa::web::parts::{Badge, Stat};
use dialnexa::web::views::sub_accounts::ListPage;
use dialnexa::web::views::{AccountLink, AccountsPage, ErrorPage};
use samples::account::*;
use samples::sub_accounts::*;
use samples::*;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; font-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

const ALL: &[&str] = &[
    "sign-in",
    "sign-in-error",
    "sub-accounts",
    "sub-accounts-none",
    "new",
    "new-error",
    "limits",
    "limits-error",
    "limits-review",
    "show",
    "settings",
    "suspend",
    "delete",
    "delete-error",
    "overview",
    "overview-acting",
    "calls",
    "calls-unavailable",
    "call",
    "agents",
    "numbers",
    "members",
    "audit",
    "accounts",
    "error",
];

fn page(name: &str) -> Option<Result<String, askama::Error>> {
    Some(match name {
        "sign-in" => sign_in(false).render(),
        "sign-in-error" => sign_in(true).render(),
        "sub-accounts" => ListPage {
            frame: frame("Sub-accounts", "sub-accounts"),
            stats: vec![
                Stat::new("Sub-accounts", "1,204", "1,180 active, 20 suspended"),
                Stat::new("Calls at once", "122 of 200", "40 kept for yourself").meter(122, 200),
                Stat::new("Calls, 30 days", "64,210", "2,48,004 minutes"),
                Stat::new("Cost, 30 days", "₹9,87,654.32", "₹1,23,000.00 on your wallet"),
            ],
            allocation: Some(allocation(false)),
            limits_href: "/p/limits".into(),
            new_href: "/p/new".into(),
            table: table(false),
        }
        .render(),
        "sub-accounts-none" => ListPage {
            frame: frame("Sub-accounts", "sub-accounts"),
            stats: vec![],
            allocation: None,
            limits_href: "/p/limits".into(),
            new_href: "/p/new".into(),
            table: table(true),
        }
        .render(),
        "new" => new_page(false).render(),
        "new-error" => new_page(true).render(),
        "limits" => limits("").render(),
        "limits-error" => limits("over").render(),
        "limits-review" => limits("review").render(),
        "show" => show().render(),
        "settings" => settings().render(),
        "suspend" => suspend().render(),
        "delete" => delete(false).render(),
        "delete-error" => delete(true).render(),
        "overview" | "home" => overview(false).render(),
        "overview-acting" => overview(true).render(),
        "calls" => calls("").render(),
        "calls-unavailable" => calls("unavailable").render(),
        "call" => call().render(),
        "agents" => agents().render(),
        "numbers" => numbers().render(),
        "members" => members().render(),
        "audit" => audit().render(),
        "accounts" => AccountsPage {
            frame: Frame { nav: vec![], account: None, ..frame("Choose an account", "") },
            q: String::new(),
            q_hidden: false,
            accounts: [("Northwind Voice", "Organization", "Owner"), ("Acme Corp", "Sub-account", "Viewer")]
                .iter()
                .map(|(n, k, r)| AccountLink {
                    name: (*n).into(),
                    letter: first_letter(n),
                    kind: (*k).into(),
                    role: (*r).into(),
                    href: "/p/overview".into(),
                    badge: (*n == "Acme Corp").then(|| Badge::account("suspended")),
                })
                .collect(),
        }
        .render(),
        "error" => ErrorPage {
            frame: frame("Not found", ""),
            icon: "search",
            heading: "Page not found".into(),
            text: "It does not exist, or you may not see it.".into(),
            action: Some(("Go to the overview".into(), "/p/overview".into())),
            request_id: "req_01jd8t".into(),
        }
        .render(),
        _ => return None,
    })
}

async fn serve(name: web::Path<String>, request: HttpRequest, body: String) -> HttpResponse {
    let fragment = match (request.headers().contains_key("HX-Request"), name.as_str()) {
        (true, "sub-accounts") if request.query_string().contains("status=deleting") => {
            return HttpResponse::InternalServerError().finish();
        }
        (true, "sub-accounts") => Some((200, table(request.query_string().contains("q=zzz")).render())),
        (true, "limits") if body.contains("step=review") && body.contains("=120") => {
            Some((422, limits("over").editor.render()))
        }
        (true, "limits") if body.contains("step=review") => Some((200, limits("review").editor.render())),
        (true, "limits") => Some((200, limits("").editor.render())),
        (true, "calls") => Some((200, calls_table(20, true).render())),
        _ => None,
    };
    if let Some((status, Ok(html))) = fragment {
        let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
        return HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html);
    }
    match page(&name) {
        Some(Ok(html)) => HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html),
        Some(Err(error)) => HttpResponse::InternalServerError().body(error.to_string()),
        None => HttpResponse::NotFound().body("no such page"),
    }
}

async fn index() -> HttpResponse {
    let list: String = ALL.iter().map(|name| format!("<li><a href=\"/p/{name}\">{name}</a></li>")).collect();
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(format!("<!doctype html><title>Pages</title><ul>{list}</ul>"))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let app = || {
        App::new()
            .wrap(
                DefaultHeaders::new()
                    .add(("Content-Security-Policy", CSP))
                    .add(("X-Content-Type-Options", "nosniff")),
            )
            .route("/", web::get().to(index))
            .route("/p/{name}", web::get().to(serve))
            .route("/p/{name}", web::post().to(serve))
            .route("/static/{path:.*}", web::get().to(assets::file))
    };
    HttpServer::new(app).workers(1).bind(("127.0.0.1", 18_081))?.run().await
}
