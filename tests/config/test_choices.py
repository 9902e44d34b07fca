"""What `make run` chooses, and that what somebody has decided wins over it."""

import pytest

from config.embedded import choices
from config.embedded.choices import GivenSettings

STORED = {"SECRET_KEY": "stored", "ADMIN_PASSWORD": "once"}
SERVERS = {"DATABASE_URL": "postgresql://here", "PUBLIC_URL": "http://127.0.0.1:8000"}
SANDBOX = {"GOOGLE_CLIENT_ID": "played", "GOOGLE_ISSUER": "http://sandbox", "GITHUB_CLIENT_ID": "played"}


def product(**given: str) -> dict[str, str]:
    return choices.product(GivenSettings(values=given), stored=STORED, servers=SERVERS, sandbox=SANDBOX)


def test_where_nothing_is_decided_all_of_it_is_chosen() -> None:
    chosen = product()

    assert chosen.items() >= (SERVERS | SANDBOX).items()
    assert (chosen["MODE"], chosen["SECRET_KEY"], chosen["DEMO_ADMIN_PASSWORD"]) == ("development", "stored", "once")


def test_what_is_given_wins_also_as_a_file() -> None:
    chosen = product(DATABASE_URL="postgresql://elsewhere", SECRET_KEY_FILE="/run/secret", UNKNOWN="x")

    assert chosen["DATABASE_URL"] == "postgresql://elsewhere"
    assert chosen["SECRET_KEY_FILE"] == "/run/secret"
    assert not {"SECRET_KEY", "UNKNOWN"} & chosen.keys()


def test_of_a_real_provider_nothing_comes_from_the_sandbox() -> None:
    """Kind: our real client id, sent to a stand-in."""
    chosen = product(GOOGLE_CLIENT_ID="real")

    assert chosen["GOOGLE_CLIENT_ID"] == "real"
    assert "GOOGLE_ISSUER" not in chosen
    assert chosen["GITHUB_CLIENT_ID"] == "played"


@pytest.mark.parametrize("text", ["0", "65536", "-1", "eighty", "8000.5"])
def test_a_port_that_is_none_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="PORT must be a number from 1 to 65535"):
        GivenSettings(values={"PORT": text}).port("PORT", 8000)


def test_a_port_is_what_was_given_or_the_default() -> None:
    assert GivenSettings(values={"PORT": "8080"}).port("PORT", 8000) == 8080
    assert GivenSettings(values={"PORT": ""}).port("PORT", 8000) == 8000
