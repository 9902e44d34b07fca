"""Passkeys: accepted only if they sign this challenge, for this site and this person."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from accounts.sessions import SessionStore
from accounts.sign_in.factors import passkeys
from accounts.sign_in.factors.passkey_site import LONGEST_NAME, PasskeyCopied, PasskeyRefused, is_possible
from foundation import lifetimes
from tests.support.authenticator import SecurityKey

pytestmark = pytest.mark.django_db

SITE = "https://id.example.com"


@pytest.fixture(autouse=True)
def _on_a_site(settings: Any) -> None:
    settings.PUBLIC_URL = SITE
    settings.ALLOWED_HOSTS = ["id.example.com", "127.0.0.1", "evil.example"]


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada")


def browser() -> HttpRequest:
    request = HttpRequest()
    request.session = SessionStore()
    return request


def with_key(user: User) -> SecurityKey:
    key, request = SecurityKey(SITE), browser()
    passkeys.add(request, user, key.make(passkeys.begin_adding(request, user)), "My key")
    return key


def test_a_passkey_is_added_and_verified(ada: User) -> None:
    key, request = with_key(ada), browser()
    options = passkeys.begin_verification(request, ada)
    used = passkeys.verify(request, ada, key.sign(options))

    assert used == Authenticator.objects.get(user=ada)
    assert used.data["name"] == "My key"
    assert json.loads(options)["publicKey"]["rpId"] == "id.example.com"


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://evil.id.example.com"},
        {"origin": "https://id.example.com:8443"},
        {"origin": "http://id.example.com"},
        {"host": "evil.example"},
        {"kind": "webauthn.get"},
    ],
)
def test_a_passkey_created_for_another_site_is_not_added(ada: User, bent: dict[str, Any]) -> None:
    request = browser()
    answer = SecurityKey(SITE).make(passkeys.begin_adding(request, ada), **bent)

    with pytest.raises(PasskeyRefused):
        passkeys.add(request, ada, answer, "")
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://evil.id.example.com"},
        {"host": "evil.example"},
        {"kind": "webauthn.create"},
    ],
)
def test_a_response_signed_for_another_site_is_refused(ada: User, bent: dict[str, Any]) -> None:
    key, request = with_key(ada), browser()

    with pytest.raises(PasskeyRefused):
        passkeys.verify(request, ada, key.sign(passkeys.begin_verification(request, ada), **bent))


def test_another_key_is_refused_even_under_the_same_credential_id(ada: User) -> None:
    key, request = with_key(ada), browser()
    forged = SecurityKey(SITE, credential_id=key.credential_id)

    with pytest.raises(PasskeyRefused):
        passkeys.verify(request, ada, forged.sign(passkeys.begin_verification(request, ada)))


def test_a_key_belongs_to_one_person(ada: User) -> None:
    other = User.objects.create_user(name="Grace")
    key, request = with_key(other), browser()
    with_key(ada)

    with pytest.raises(PasskeyRefused):
        passkeys.verify(request, ada, key.sign(passkeys.begin_verification(request, ada)))


def test_a_challenge_is_for_one_response_of_one_person_in_one_browser_and_expires(ada: User, time_machine: Any) -> None:
    key, request = with_key(ada), browser()
    answer = key.sign(passkeys.begin_verification(request, ada))
    passkeys.verify(request, ada, answer)
    for elsewhere in (request, browser()):
        with pytest.raises(PasskeyRefused):
            passkeys.verify(elsewhere, ada, answer)

    passkeys.begin_verification(request, User.objects.create_user(name="Grace"))
    with pytest.raises(PasskeyRefused):
        passkeys.verify(request, ada, key.sign(passkeys.begin_verification(browser(), ada)))

    answer = key.sign(passkeys.begin_verification(request, ada))
    time_machine.move_to(datetime.now(UTC) + lifetimes.PASSKEY_CHALLENGE + timedelta(seconds=1))
    with pytest.raises(PasskeyRefused):
        passkeys.verify(request, ada, answer)


def test_a_wrong_response_uses_up_the_challenge_too(ada: User) -> None:
    key, request = with_key(ada), browser()
    right = key.sign(passkeys.begin_verification(request, ada))
    with pytest.raises(PasskeyRefused):
        passkeys.verify(request, ada, "{}")

    with pytest.raises(PasskeyRefused):
        passkeys.verify(request, ada, right)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["AA", "e30", "oWNmbXRkbm9uZQ"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PARTS = ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle")
RESPONSES = st.fixed_dictionaries({}, optional=dict.fromkeys(PARTS, JSON))
ANSWERS = st.fixed_dictionaries({}, optional={"id": JSON, "rawId": JSON, "type": JSON, "response": RESPONSES | JSON})


@pytest.mark.slow
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(answer=ANSWERS | JSON)
def test_garbage_is_refused_and_breaks_nothing(ada: User, answer: object) -> None:
    request, text = browser(), json.dumps(answer)
    passkeys.begin_adding(request, ada)
    with pytest.raises(PasskeyRefused):
        passkeys.add(request, ada, text, "")
    passkeys.begin_verification(request, ada)
    with pytest.raises(PasskeyRefused):
        passkeys.verify(request, ada, text)


@pytest.mark.parametrize("answer", ["", "{", "[" * 9999, '"\\ud800"', "x" * 30_000, "NaN", "{}"])
def test_invalid_json_is_refused(ada: User, answer: str) -> None:
    request = browser()
    passkeys.begin_verification(request, ada)

    with pytest.raises(PasskeyRefused):
        passkeys.verify(request, ada, answer)


def test_a_damaged_response_is_refused_wherever_the_damage_is(ada: User) -> None:
    key, request = with_key(ada), browser()
    for part in ("clientDataJSON", "authenticatorData", "signature"):
        answer = json.loads(key.sign(passkeys.begin_verification(request, ada)))
        for text in ("", "AA", answer["response"][part][:-8], answer["response"][part][::-1], None, 1, "ü"):
            broken = json.dumps(answer | {"response": answer["response"] | {part: text}})
            passkeys.begin_verification(request, ada)
            with pytest.raises(PasskeyRefused):
                passkeys.verify(request, ada, broken)


def test_a_name_is_a_short_line(ada: User) -> None:
    request = browser()
    row = passkeys.add(request, ada, SecurityKey(SITE).make(passkeys.begin_adding(request, ada)), "a\x00\n" * 99)

    assert row.data["name"] == "a" * LONGEST_NAME


@pytest.mark.parametrize(
    ("public_url", "asked_as", "can_be"),
    [
        (SITE, "id.example.com", True),
        (SITE, "evil.example", False),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", False),
        ("http://[::1]:8000", "[::1]:8000", False),
    ],
)
def test_passkeys_need_a_host_name_and_that_of_the_site(
    settings: Any,
    public_url: str,
    asked_as: str,
    can_be: bool,  # noqa: FBT001  # a table's column
) -> None:
    settings.PUBLIC_URL = public_url
    settings.ALLOWED_HOSTS = ["*"]
    request = browser()
    request.META["HTTP_HOST"] = asked_as

    assert is_possible(request) is can_be


@pytest.mark.parametrize("algorithm", [-999, 1, -65535, -65536, 2**31])
def test_an_algorithm_that_was_not_offered_is_refused_and_nothing_is_stored(ada: User, algorithm: int) -> None:
    """The kind of bug: the library accepts a key that it cannot use. It was stored, and failed whenever it was used."""
    key, request = SecurityKey(SITE), browser()
    options = passkeys.begin_adding(request, ada)
    assert algorithm not in {offer["alg"] for offer in json.loads(options)["publicKey"]["pubKeyCredParams"]}
    with pytest.raises(PasskeyRefused):
        passkeys.add(request, ada, key.make(options, algorithm=algorithm), "My key")

    assert not Authenticator.objects.exists()


def proof(ada: User, key: SecurityKey, counter: int) -> Authenticator:
    request = browser()
    return passkeys.verify(request, ada, key.sign(passkeys.begin_verification(request, ada), counter=counter))


@pytest.mark.parametrize(("made", "then"), [(0, [1, 2, 3]), (5, [6, 100]), (0, [0, 0, 0]), (0, [0, 0, 7, 8])])
def test_a_counter_that_increases_or_never_counts_is_accepted(ada: User, made: int, then: list[int]) -> None:
    key, request = SecurityKey(SITE), browser()
    passkeys.add(request, ada, key.make(passkeys.begin_adding(request, ada), counter=made), "My key")

    for counter in then:
        proof(ada, key, counter)


@pytest.mark.parametrize(("made", "then", "last"), [(5, [], 4), (5, [], 5), (0, [9], 3), (0, [9], 9), (0, [9], 0)])
def test_a_counter_that_does_not_increase_is_refused(ada: User, made: int, then: list[int], last: int) -> None:
    """Two devices with one key count separately: W3C Web Authentication, Level 2, section 7.2, step 21."""
    key, request = SecurityKey(SITE), browser()
    passkeys.add(request, ada, key.make(passkeys.begin_adding(request, ada), counter=made), "My key")
    for counter in then:
        proof(ada, key, counter)

    with pytest.raises(PasskeyCopied) as refused:
        proof(ada, key, last)
    assert (refused.value.reason, refused.value.person) == ("passkey_counter_went_back", ada.pk)
    assert proof(ada, key, 100), "the other device goes on"
