"""People who are known at a former issuer, and the command that moves them."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Identity, User
from sandbox.server import Sandbox

FORMER = "https://sso.example/realms/former"
NOW = str(settings.SIGN_IN_PROVIDERS["keycloak"]["issuer"])
Refused = Callable[..., str]


def known(subject: str, *, issuer: str = FORMER, provider: str = "keycloak", user: User | None = None) -> Identity:
    """Link an identity, to a new account unless one is given."""
    owner = user or User.objects.create_user(name=f"Person {subject}")
    return Identity.objects.create(user=owner, provider=provider, issuer=issuer, subject=subject)


def subjects(issuer: str) -> set[str]:
    return set(Identity.objects.filter(issuer=issuer).values_list("subject", flat=True))


def printed(*arguments: str, **issuers: str) -> str:
    """Run the command and return its output."""
    out = io.StringIO()
    _call(out, *arguments, **issuers)
    return out.getvalue()


def stopped(*arguments: str, message: str) -> str:
    """Run the command, which shows its plan and then fails with this message, and return the plan."""
    out = io.StringIO()
    with pytest.raises(CommandError, match=message):
        _call(out, *arguments)
    return out.getvalue()


def _call(out: io.StringIO, *arguments: str, from_issuer: str = FORMER, to_issuer: str = NOW) -> None:
    issuers = [f"--from-issuer={from_issuer}", f"--to-issuer={to_issuer}"]
    call_command("identities", "move", *issuers, *arguments, stdout=out)


def run(*arguments: str, **issuers: str) -> Any:
    """Run the command as a script would, and return its document."""
    return json.loads(printed("--json", *arguments, **issuers))


@pytest.fixture(autouse=True)
def _configured(providers: Sandbox) -> None:
    """Let every provider be configured as the environment says."""


@pytest.fixture
def map_file(tmp_path: Path) -> Callable[[str], str]:
    """Write a map, and return the option that names it."""

    def write(content: str) -> str:
        file = tmp_path / "map.csv"
        file.write_text(content, encoding="utf-8")
        return f"--map={file}"

    return write


@pytest.fixture
def refused() -> Refused:
    """Run the command, and return why it refused. Nothing may be written."""

    def refuse(*arguments: str, **issuers: str) -> str:
        before = list(Identity.objects.order_by("pk").values())
        with pytest.raises(CommandError) as error:
            printed(*arguments, **issuers)
        assert list(Identity.objects.order_by("pk").values()) == before
        message = str(error.value)
        assert "\n" not in message
        return message

    return refuse
