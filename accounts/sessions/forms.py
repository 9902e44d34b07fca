"""The known forms of the values in sessions. A known value in any other form is treated as missing.

Two releases run side by side during a rollout, and a rollback may bring an older one back. Neither may fail on values
that the other wrote, and a value that cannot be read proves nothing. Values under unknown names are left alone.
"""

import math
import re
from collections.abc import Callable
from typing import Any

from foundation.next_page import safe_next

Form = Callable[[Any], bool]

UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\Z")
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{16,128}\Z")  # base64url of at least 12 bytes
PROOFS = "account_authentication_methods"  # allauth's name, like the next one
STASH = "account_login"


def is_text(value: object) -> bool:
    return isinstance(value, str)


def is_moment(value: object) -> bool:
    return type(value) in {int, float} and math.isfinite(value)  # type: ignore[arg-type]  # a number by now


def is_id(value: object) -> bool:
    return isinstance(value, str) and bool(UUID.match(value))


def or_none(form: Form) -> Form:
    return lambda value: value is None or form(value)


def list_of(form: Form) -> Form:
    return lambda value: isinstance(value, list) and all(map(form, value))


def object_of(must: dict[str, Form], may: dict[str, Form] | None = None) -> Form:
    """The form of an object with all names in ``must``, optionally those in ``may``, and any others."""

    def fits(value: Any) -> bool:
        if not isinstance(value, dict) or not must.keys() <= value.keys():
            return False
        return all(form(value[name]) for name, form in (must | (may or {})).items() if name in value)

    return fits


def _is_way_on(value: object) -> bool:
    return isinstance(value, str) and value == safe_next(value)


def _are_stages(value: object) -> bool:
    """Whether the value is allauth's state of a sign-in: its ``current`` stage, and the data of each stage."""
    stage = object_of({}, {"data": object_of({})})
    return isinstance(value, dict) and all(
        is_text(noted) if name == "current" else stage(noted) for name, noted in value.items()
    )


_texts_or_none = dict.fromkeys(("email_verification", "redirect_url", "email", "phone"), or_none(is_text))
PROOF = object_of(
    {"method": is_text, "at": is_moment},
    {
        **dict.fromkeys(("uid", "provider", "type", "act"), or_none(is_text)),
        "proven_at": or_none(is_moment),
        "tenant": or_none(is_id),
    },
)
FORMS: dict[str, Form] = {
    "_auth_user_id": is_id,
    "_auth_user_backend": is_text,
    "_auth_user_hash": is_text,
    "account_authentication_methods_user": is_text,
    PROOFS: list_of(PROOF),
    STASH: object_of(
        {
            **_texts_or_none,
            "user_pk": or_none(is_id),
            "signup": lambda value: isinstance(value, bool),
            "signal_kwargs": or_none(object_of({}, {"sociallogin": lambda value: value is None})),
            "state": object_of({}, {"stages": _are_stages}),
            "initiated_at": is_moment,
        }
    ),
    "passkey": object_of(
        {
            "state": object_of(
                {
                    "challenge": lambda value: is_text(value) and bool(CHALLENGE.match(value)),
                    "user_verification": or_none(is_text),
                }
            ),
            "person": is_text,
            "at": is_moment,
        }
    ),
    "new_app": is_text,
    "mailed_code": is_id,
    "told_of_acts": list_of(is_text),
    "acts_to_notice": list_of(is_text),
    "claims_unread": is_text,
    "ended_there": is_text,
    "finished_flow": object_of({"spent": is_text, "next": _is_way_on}),
}


def readable(content: dict[str, Any]) -> dict[str, Any]:
    """Return the values with a known form or an unknown name. Authentication records are dropped one by one."""
    proofs = content.get(PROOFS)
    if isinstance(proofs, list):
        content = content | {PROOFS: [proof for proof in proofs if PROOF(proof)]}
    return {name: value for name, value in content.items() if name not in FORMS or FORMS[name](value)}
