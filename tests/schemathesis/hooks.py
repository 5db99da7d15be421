"""What the requests of schemathesis need beside the description of the API."""

import itertools

import schemathesis

_numbers = itertools.count()

# As long as a key may be, less the number that is added to it.
_LONGEST = 240


@schemathesis.hook
def before_call(context, case, kwargs):
    """Gives each request a key of its own where it has a good one.

    Generated keys are often the same, and a request under a key that was used with another
    body is refused without being looked at (422). What happens to the same key twice is
    tested in tests/it/killed.rs. What is wrong on purpose is left as it is: a request that
    was touched would count as a good one.
    """
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) <= _LONGEST and all("!" <= one <= "~" for one in key):
        case.headers["Idempotency-Key"] = f"{key}-{next(_numbers)}"
