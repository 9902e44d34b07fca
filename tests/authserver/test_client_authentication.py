"""Who an app is at the token endpoint: by a secret in HTTP Basic or in the body, and never by two methods at once."""

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db.models.functions import Now
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from audit.models import Entry
from authserver.clients import changes, secrets
from authserver.models import Client, ClientSecret, GrantType
from tenancy import site_context
from tests.support import leaks
from tests.support.oauth import FORM, TOKEN, basic, document, registered, token_request
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db
OWN = {"grant_type": "client_credentials"}
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = [
    OWN,
    {"grant_type": "authorization_code", "code": "x", "redirect_uri": "https://app.example/", "code_verifier": "v"},
    {"grant_type": "refresh_token", "refresh_token": "vrt_x"},
    {"grant_type": DEVICE, "device_code": "x"},
    {"grant_type": "password", "username": "ada", "password": "x"},
    {"grant_type": "made-up"},
    {"scope": "x"},
]  # fmt: skip
WEB: dict[str, Any] = {
    "grants": [GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN],
    "redirect_uris": ["https://app.example/"],
}


def answered(fields: dict[str, Any], auth: str | None = None) -> tuple[int, str]:
    answer = token_request(Browser(), fields, auth)
    return answer.status_code, document(answer).get("error", "")


def of(client: Client, secret: str) -> dict[str, str]:
    return {"client_id": client.client_id, "client_secret": secret}


def reasons() -> list[str]:
    found = Entry.objects.filter(action="client.refused").order_by("pk")
    return [str((entry.details or {})["reason"]) for entry in found]


@pytest.mark.promise(59)
def test_a_secret_counts_in_the_header_and_in_the_body() -> None:
    client, secret = registered()
    assert answered(OWN, basic(client.client_id, secret)) == (200, "")
    assert answered(OWN | of(client, secret)) == (200, "")
    assert answered(OWN | {"client_id": client.client_id}, basic(client.client_id, secret)) == (200, "")
    assert answered(OWN, basic(client.client_id, secret).replace("Basic", "bAsIc")) == (200, "")


@pytest.mark.promise(59)
def test_whatever_is_wrong_the_answer_is_the_same_and_the_trail_has_the_reason() -> None:
    client, secret = registered()
    other, others = registered()
    public, _ = registered(**WEB, is_public=True)
    stopped, its = registered()
    with site_context("a test stops an app"):
        changes.stop(stopped)
    wrong = [
        (client.client_id, "wrong"), (client.client_id, ""), (client.client_id, others),
        (client.client_id, secret[:-1]),
        (client.client_id, secret + "x"), (client.client_id, secret.swapcase()), ("unknown", secret),
        (other.client_id, secret), (public.client_id, "guessed"), (stopped.client_id, its), ("", secret), ("", ""),
        (client.client_id.upper(), secret), (f" {client.client_id}", secret), (str(client.pk)[:-1], secret),
        (client.client_id, "\u212a" + secret[1:]), ("\U0001f600", secret),
    ]  # fmt: skip
    answers = set()
    for client_id, given_secret in wrong:
        for fields, auth in (
            (OWN, basic(client_id, given_secret)),
            (OWN | {"client_id": client_id, "client_secret": given_secret}, None),
        ):
            answer = token_request(Browser(), fields, auth)
            answers.add((answer.status_code, answer.content, answer.headers["WWW-Authenticate"]))
    ((status, content, challenge),) = answers
    assert (status, b"invalid_client" in content, challenge.startswith("Basic ")) == (401, True, True)
    expected = {"secret_wrong", "secret_missing", "unknown_client", "secret_of_public_client", "stopped_client"}
    assert expected <= set(reasons())
    assert secret not in str(list(Entry.objects.values()))


@pytest.mark.promise(59)
@pytest.mark.parametrize("name", ["client_secret", "client_assertion", "code", "refresh_token", "token"])
def test_a_secret_in_the_url_is_refused_even_a_right_one(name: str) -> None:
    client, secret = registered()
    answer = token_request(Browser(), OWN, basic(client.client_id, secret), path=f"{TOKEN}?{urlencode({name: secret})}")
    assert (answer.status_code, document(answer)["error"]) == (400, "invalid_request")
    path = f"{TOKEN}?{urlencode(OWN | of(client, secret))}"
    assert token_request(Browser(), {}, path=path).status_code == 400
    assert token_request(Browser(), OWN, path=path).status_code == 400
    assert secret not in answer.content.decode()


@pytest.mark.promise(59, 62)
@pytest.mark.parametrize("fields", GRANTS, ids=lambda fields: fields.get("grant_type", "none"))
def test_a_request_that_names_two_apps_is_refused_for_every_grant(fields: dict[str, str]) -> None:
    """OAuthLib CVE-2026-118669: one client is authenticated, and what another may do is granted."""
    weak, secret = registered(**WEB)
    strong, strong_secret = registered(grants=list(GrantType), scopes=["all"], redirect_uris=["https://app.example/"])
    two: list[dict[str, str]] = [{"client_id": strong.client_id}, of(strong, strong_secret), of(strong, secret)]
    for named in two:
        assert answered(fields | named, basic(weak.client_id, secret)) == (400, "invalid_request")
    repeated = [*fields.items(), ("client_id", weak.client_id), ("client_id", strong.client_id)]
    for auth in (None, basic(weak.client_id, secret)):
        raw = urlencode([*repeated, ("client_secret", secret)])
        answer = Browser().post(TOKEN, raw, content_type=FORM, headers={"Authorization": auth} if auth else {})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answered(OWN | {"scope": "all"}, basic(weak.client_id, secret)) == (400, "unauthorized_client")


@pytest.mark.promise(59)
def test_two_methods_at_once_are_refused_even_if_both_are_right() -> None:
    client, secret = registered()
    assert answered(OWN | of(client, secret), basic(client.client_id, secret)) == (400, "invalid_request")
    assert answered(OWN | {"client_secret": secret}, basic(client.client_id, secret)) == (400, "invalid_request")


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.mark.promise(59)
@pytest.mark.parametrize(
    "header",
    [
        "Basic", "Basic ", "Basic  ", "Basic !!!", "Basic =", "Basic a", "Basic \u00fc",
        f"Basic {encoded(b'no-colon')}",
        f"Basic {encoded(b':')}", f"Basic {encoded(bytes([255, 254]) + b':x')}", f"Basic {encoded(b'a%FF:x')}",
        f"Basic {encoded(b'a%00b:x')}", f"Basic {encoded(b'a:%00')}", f"Basic {encoded(bytes([0]) + b':x')}",
        f"Basic {encoded(b'a:' + b'x' * 6000)}", f"Basic {encoded(b'a' * 6000 + b':x')}", f"Basic {encoded(b'a:b')} x",
        f"Basic {encoded(b'a:b')}, Basic {encoded(b'a:b')}", f"Basic\t{encoded(b'a:b')}", f"Basic{encoded(b'a:b')}",
        "Bearer x", "Digest username=a", "Basic%20YTpi", "x", "Basic " + "A" * 7000,
    ],
)  # fmt: skip
def test_a_malformed_header_is_one_refusal_without_a_hint(header: str) -> None:
    client, secret = registered()
    assert answered(OWN, header) == (401, "invalid_client")
    assert answered(OWN | {"client_id": client.client_id}, header)[0] in {400, 401}
    assert answered(OWN | of(client, secret), header)[0] in {400, 401}


@pytest.mark.promise(59)
def test_both_parts_of_the_header_are_form_encoded() -> None:
    """RFC 6749, section 2.3.1. Secrets of ours need no encoding, so one that does is stored for this test."""
    client, _ = registered()
    special = "a:b%41+c d&\u00fc/="
    ClientSecret.objects.create(client=client, digest=secrets.digest_of(special))
    assert answered(OWN, basic(client.client_id, special)) == (200, "")
    for wrong in (special.replace("%41", "A"), special.replace("+", " ")):
        assert answered(OWN, basic(client.client_id, wrong)) == (401, "invalid_client")
    assert answered(OWN | of(client, special)) == (200, "")


class AnyHeader(TestCase):
    @given(st.binary(max_size=80))
    def test_no_credentials_of_any_shape_are_an_error_of_ours(self, raw: bytes) -> None:
        assert answered(OWN, f"Basic {encoded(raw)}")[0] == 401


@pytest.mark.promise(59)
def test_a_public_app_names_itself_and_has_no_secret() -> None:
    public, _ = registered(**WEB, is_public=True)
    confidential, _ = registered(**WEB)
    refresh = {"grant_type": "refresh_token", "refresh_token": "vrt_x"}
    assert answered(refresh | {"client_id": public.client_id}) == (400, "invalid_grant")
    assert answered(refresh | {"client_id": public.client_id, "client_secret": ""}) == (400, "invalid_grant")
    assert answered(refresh, basic(public.client_id, "")) == (400, "invalid_grant")
    assert answered(refresh | of(public, "x")) == (401, "invalid_client")
    assert answered(refresh | {"client_id": confidential.client_id}) == (401, "invalid_client")
    assert answered(OWN | {"client_id": public.client_id}) == (400, "unauthorized_client")
    assert answered(refresh) == (401, "invalid_client")


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(59)
def test_a_secret_is_nowhere_in_the_database_in_redis_or_in_the_log(servers: Servers, settings: Any) -> None:
    with leaks.log_of_everything() as log:
        client, secret = registered()
        with site_context("a test adds a secret"):
            second = changes.add_secret(client)
        for one in (secret, second, "wrong-" + secret):
            answered(OWN, basic(client.client_id, one))
            answered(OWN | of(client, one))
        answered(OWN | {"client_secret": secret}, basic("unknown", secret))
    found = {"first": secret, "second": second}
    assert leaks.in_tables(servers, found) == set()
    assert leaks.in_redis(settings.CACHES["default"]["LOCATION"], found) == set()
    assert leaks.in_text(log.getvalue(), found) == set()


def test_equal_secrets_have_different_digests() -> None:
    one = secrets.new_secret()
    assert secrets.digest_of(one) != secrets.digest_of(one)
    assert secrets.is_right(one, secrets.digest_of(one))
    assert len({secrets.new_secret() for _ in range(100)}) == 100


def test_the_last_use_of_a_secret_is_noted_at_most_once_a_minute() -> None:
    client, secret = registered()
    row = ClientSecret.objects.filter(client=client)
    answered(OWN, basic(client.client_id, "wrong"))
    assert row.get().last_used_at is None
    answered(OWN, basic(client.client_id, secret))
    first = row.get().last_used_at
    assert first is not None
    row.update(last_used_at=Now() - timedelta(seconds=50))
    before = row.get().last_used_at
    answered(OWN, basic(client.client_id, secret))
    assert row.get().last_used_at == before
    for away in (timedelta(seconds=-70), timedelta(seconds=70)):  # also after a clock that was ahead
        row.update(last_used_at=Now() + away)
        before = row.get().last_used_at
        answered(OWN, basic(client.client_id, secret))
        assert row.get().last_used_at != before


@pytest.mark.promise(86)
def test_a_stopped_app_is_refused_at_its_next_request() -> None:
    client, secret = registered()
    assert answered(OWN, basic(client.client_id, secret)) == (200, "")
    with site_context("a test stops an app"):
        changes.stop(client)
    for fields in GRANTS:
        assert answered(fields, basic(client.client_id, secret)) == (401, "invalid_client")
    assert "stopped_client" in reasons()
