"""A process of the product without a web server: it creates credentials, cuts people off, or asks for a token.

Orders and results are lines of JSON.
"""

import json
import secrets
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402  # it needs the line above
from django.core.cache import cache  # noqa: E402

from accounts.cut_off import cut_off  # noqa: E402
from accounts.mailing import links  # noqa: E402
from accounts.models import CutOff, Identity, Purpose, User  # noqa: E402
from accounts.sessions import SessionStore  # noqa: E402
from providers import vault  # noqa: E402
from providers.tokens import Tokens  # noqa: E402


def give(_order: dict[str, Any]) -> dict[str, Any]:
    """Create a person with one credential of each class."""
    subject = secrets.token_hex(8)
    user = User.objects.create_user(name="Somebody", email=f"{subject}@example.com")
    identity = Identity.objects.create(
        user=user, provider="google", issuer="https://accounts.google.com", subject=subject
    )
    vault.store(identity, Tokens(access_token=secrets.token_hex(20), expires_in=3600), provider=identity.provider)
    session = SessionStore()
    session.update(
        {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: "accounts.sign_in.backends.AccountBackend",
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
    )
    session.begin(user, {})
    session.save()
    link = links.make(Purpose.EMAIL_CHANGE, email="new@example.com", lifetime=timedelta(minutes=10), user=user)
    return {"person": str(user.pk), "session": session.session_key, "link": link}


def cut(order: dict[str, Any]) -> dict[str, Any]:
    if order["flush"]:
        cache.clear()
    done = cut_off(User.objects.get(pk=order["person"]), by=CutOff.By.COMMAND, close=bool(order["close"]))
    done.refresh_from_db()
    return {"confirmed": done.confirmed_at is not None}


def token(order: dict[str, Any]) -> dict[str, Any]:
    try:
        vault.get_token(User(pk=order["person"]), "google")
    except vault.NothingStored:
        return {"alive": False}
    return {"alive": True}


ACTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"give": give, "cut": cut, "token": token}


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        sys.stdout.write(json.dumps(ACTS[order["do"]](order)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
