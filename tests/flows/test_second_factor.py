"""Second factors at sign-in: people with one are asked for it after every kind of first step."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from accounts.models import Session, User
from accounts.sessions.devices import COOKIE
from audit.models import Entry
from config import second_factors
from sandbox.providers import OPENID_PROVIDERS
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.flows.factors import APP, BEGIN_AGAIN, LIST, PASSKEY, PROVE, add_app, details, on_the_way, with_words
from tests.support.authenticator import code
from tests.support.servers import Servers
from tests.support.statements import asked_of_the_database

pytestmark = pytest.mark.django_db


def test_an_enrolled_factor_is_required_after_every_first_step(
    browser: Browser, new_browser: Callable[[], Browser], provider: str, later: Callable[..., None]
) -> None:
    browser.sign_in(provider, "ada")
    secret, _ = add_app(browser)
    later()
    elsewhere = new_browser()
    asked = elsewhere.sign_in(provider, "ada", next="/accounts/sessions/")

    assert (asked.status_code, asked.headers["Location"]) == (302, on_the_way(PROVE, "/accounts/sessions/"))
    assert not elsewhere.account
    assert elsewhere.get("/accounts/").headers["Location"].startswith("/accounts/login/")
    assert elsewhere.get(PROVE).status_code == 200
    assert elsewhere.post(PROVE, {"code": "000000"}).status_code == 200
    assert not elsewhere.account

    proven = elsewhere.post(PROVE, {"code": code(secret)})
    assert (proven.status_code, proven.headers["Location"]) == (302, "/accounts/sessions/")
    assert {elsewhere.account} == {browser.account} != {None}
    assert details("sign_in.succeeded")[-1] == {"provider": provider, "steps": ["socialaccount", "mfa"]}
    assert details("factor.refused") == [{"reason": "wrong"}]
    mine = Session.objects.filter(user__isnull=False, provider=provider)
    assert mine.count() == 2
    assert mine.exclude(upstream_sid="").count() == (2 if provider == "keycloak" else 0), "Keycloak can still end them"


def test_without_a_factor_nothing_is_asked_and_it_costs_nothing(browser: Browser, provider: str) -> None:
    assert browser.sign_in(provider, "ada").headers["Location"] == "/accounts/"
    assert browser.get(PROVE).headers["Location"] == "/accounts/"


@pytest.mark.django_db(transaction=True)
def test_a_returning_sign_in_without_a_factor_takes_eight_statements(
    browser: Browser, servers: Servers, provider: str
) -> None:
    browser.sign_in(provider, "ada")

    with asked_of_the_database(servers) as asked:
        returning = Browser(browser.providers)
        returning.client.cookies[COOKIE] = browser.client.cookies[COOKIE].value
        response = returning.sign_in(provider, "ada")
        returning.get(response.headers["Location"])

    assert len(asked.statements) <= 8, asked  # three of them are for the first page and its organization


@pytest.mark.django_db(transaction=True)
def test_an_unknown_browser_costs_one_more_statement(
    browser: Browser, new_browser: Callable[[], Browser], servers: Servers, provider: str
) -> None:
    browser.sign_in(provider, "ada")

    with asked_of_the_database(servers) as asked:
        unknown = new_browser()
        unknown.get(unknown.sign_in(provider, "ada").headers["Location"])

    assert len(asked.statements) <= 9, asked


@pytest.mark.promise(45)
@pytest.mark.parametrize("speaking_oidc", [str(name) for name in OPENID_PROVIDERS])
@pytest.mark.parametrize("words", [{"amr": ["pwd", "mfa"]}, {"acr": "mfa"}, {"amr": ["mfa", "otp"], "acr": "1"}])
def test_a_providers_second_factor_is_accepted(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox, speaking_oidc: str, words: dict[str, Any]
) -> None:
    with_words(providers, speaking_oidc, **words)
    browser.sign_in(speaking_oidc, "vera")
    add_app(browser)
    elsewhere = new_browser()

    assert elsewhere.sign_in(speaking_oidc, "vera").headers["Location"] == "/accounts/"
    assert elsewhere.account == browser.account is not None
    assert details("sign_in.succeeded")[-1]["steps"] == ["socialaccount", "mfa"]
    assert not {"acr", "amr"} & set(User.objects.get().identities.get().claims)


@pytest.mark.promise(45)
@pytest.mark.parametrize(
    "words",
    [
        {"amr": ["pwd"]},
        {"amr": ["otp"]},
        {"amr": ["hwk"]},
        {"amr": ["swk", "user"]},
        {"amr": ["pwd", "otp"]},
        {"acr": "phr"},
        {"acr": "1", "amr": ["fido"]},
        {"amr": "mfa"},
        {"amr": {"mfa": True}},
        {"amr": [["mfa"], "mfa "]},
        {"amr": None},
        {"acr": ["mfa"]},
        {"acr": "MFA"},
        {"acr": True},
        {"mfa": True},
    ],
)
@pytest.mark.parametrize("speaking_oidc", [str(name) for name in OPENID_PROVIDERS])
def test_other_values_do_not_count(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox, speaking_oidc: str, words: dict[str, Any]
) -> None:
    """The kind of fault: a value for one factor, or for none, counts as two."""
    with_words(providers, speaking_oidc, **words)
    browser.sign_in(speaking_oidc, "vera")
    add_app(browser)

    assert new_browser().sign_in(speaking_oidc, "vera").headers["Location"] == PROVE


@pytest.mark.promise(45)
def test_only_an_id_token_says_how_a_person_was_authenticated(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    with_words(providers, "github", amr=["mfa"], acr="phr")
    browser.sign_in("github", "vera")
    add_app(browser)

    assert new_browser().sign_in("github", "vera").headers["Location"] == PROVE


def test_the_operator_sets_which_values_count_for_each_provider(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox, settings: Any
) -> None:
    with_words(providers, "keycloak", acr="gold", amr=["pwd", "otp", "mfa"])
    browser.sign_in("keycloak", "vera")
    add_app(browser)
    said = {
        "none": PROVE,
        "microsoft:gold,google:gold": PROVE,
        "keycloak:pwd+hwk": PROVE,
        "keycloak:gold": "/accounts/",
        "keycloak:pwd+otp": "/accounts/",
    }
    for entries, onward in said.items():
        settings.MFA_BY_PROVIDER = second_factors.read(entries.split(","))
        assert new_browser().sign_in("keycloak", "vera").headers["Location"] == onward, entries


def test_a_code_is_valid_for_one_use(
    browser: Browser, new_browser: Callable[[], Browser], later: Callable[..., None]
) -> None:
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    used_to_add = code(secret)
    stranger = new_browser()
    stranger.sign_in("google", "ada")
    assert stranger.post(PROVE, {"code": used_to_add}).status_code == 200
    assert stranger.account is None

    later()
    first, second = new_browser(), new_browser()
    used = code(secret)
    first.sign_in("google", "ada")
    assert first.post(PROVE, {"code": used}).status_code == 302
    later(seconds=30)
    assert code(secret, steps_ago=1) == used, "still right, by the clock"
    second.sign_in("google", "ada")
    assert second.post(PROVE, {"code": f"{used[:3]} {used[3:]}"}).status_code == 200
    assert second.account is None


@pytest.mark.parametrize(("steps_ago", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(
    browser: Browser,
    new_browser: Callable[[], Browser],
    later: Callable[..., None],
    steps_ago: int,
    *,
    is_right: bool,
) -> None:
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    later(minutes=5)
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")
    elsewhere.post(PROVE, {"code": code(secret, steps_ago=steps_ago)})

    assert (elsewhere.account is not None) is is_right


def test_a_recovery_code_works_once(browser: Browser, new_browser: Callable[[], Browser], provider: str) -> None:
    browser.sign_in(provider, "ada")
    _, codes = add_app(browser)
    first, second = new_browser(), new_browser()
    first.sign_in(provider, "ada")
    second.sign_in(provider, "ada")

    assert len(set(codes)) == 10
    assert first.post(PROVE, {"code": f" {codes[3].upper().replace('-', ' ')} "}).status_code == 302
    assert second.post(PROVE, {"code": codes[3]}).status_code == 200
    assert (first.account, second.account) == (browser.account, None)
    assert b"9 left" in first.get(LIST).content
    assert details("factor.verified")[-1] == {"kind": "recovery_codes"}
    spent = Entry.objects.filter(object_table="mfa_authenticator", action="update").get()
    assert (spent.actor_kind, spent.actor_id) == ("person", browser.account)


def test_a_secret_of_one_person_opens_nothing_for_another(
    browser: Browser, new_browser: Callable[[], Browser], later: Callable[..., None]
) -> None:
    """An attacker who can write to the table, but lacks the key, copies a secret of theirs over another person's."""
    browser.sign_in("google", "ada")
    add_app(browser)
    mallory = new_browser()
    mallory.sign_in("google", "grace")
    known, _ = add_app(mallory)
    mine = Authenticator.objects.get(user=mallory.account, type="totp")
    Authenticator.objects.filter(user=browser.account, type="totp").update(data=mine.data)
    later()
    stolen = new_browser()
    stolen.sign_in("google", "ada")
    stolen.post(PROVE, {"code": code(known)})

    assert stolen.account is None
    assert details("factor.refused") == [{"reason": "decryption_failed"}]


@pytest.mark.promise(34)
def test_an_attacker_who_planted_a_session_cannot_continue_as_its_owner(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    """An attacker plants the key of a session that waits for a factor, and hopes that a person signs in with it."""
    browser.sign_in(provider, "ada")
    add_app(browser)
    thief = new_browser()
    thief.sign_in(provider, "ada")
    victim = new_browser()
    victim.client.cookies["sessionid"] = planted = thief.key
    victim.sign_in(provider, "ada")

    assert victim.key != planted
    assert victim.get(PROVE).status_code == 200
    assert thief.get(PROVE).headers["Location"] == BEGIN_AGAIN


def test_a_first_step_waits_a_quarter_of_an_hour_for_the_second(
    browser: Browser, new_browser: Callable[[], Browser], later: Callable[..., None]
) -> None:
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")
    later(minutes=16)

    assert elsewhere.post(PROVE, {"code": code(secret)}).headers["Location"] == BEGIN_AGAIN
    assert elsewhere.account is None


def test_an_account_that_is_deactivated_half_way_is_refused(
    browser: Browser, new_browser: Callable[[], Browser], later: Callable[..., None]
) -> None:
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    later()
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")
    User.objects.update(is_active=False)

    assert elsewhere.post(PROVE, {"code": code(secret)}).headers["Location"] == BEGIN_AGAIN
    assert elsewhere.account is None


@pytest.mark.promise(44)
def test_wrong_codes_are_throttled_and_the_right_one_waits_too(
    browser: Browser, new_browser: Callable[[], Browser], later: Callable[..., None]
) -> None:
    browser.sign_in("google", "ada")
    secret, codes = add_app(browser)
    later()
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")
    answers = [elsewhere.post(PROVE, {"code": f"{number:06}"}) for number in range(5)]
    answers += [elsewhere.post(PROVE, {"code": guess}) for guess in ("000000", code(secret), codes[0])]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 4
    assert b"Too many" in answers[-1].content
    assert elsewhere.account is None
    assert [found["reason"] for found in details("factor.refused")] == ["wrong"] * 5 + ["throttled"]
    later(seconds=5)
    assert elsewhere.post(PROVE, {"code": codes[0]}).status_code == 302


@pytest.mark.promise(44)
def test_refused_passkeys_are_throttled_too_and_block_no_code(
    browser: Browser, new_browser: Callable[[], Browser], later: Callable[..., None]
) -> None:
    cache.clear()  # resets the throttle of the IP address, which other tests may have used
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    later()
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")
    answers = [elsewhere.post(PROVE, {"credential": "{}"}) for _ in range(8)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    told = [found["reason"] for found in details("factor.refused")]
    assert told == ["passkey_not_verified"] * 5 + ["throttled"]
    assert elsewhere.post(PROVE, {"code": code(secret)}).status_code == 302
    assert elsewhere.account is not None


@pytest.mark.promise(80)
def test_without_redis_no_code_is_accepted(
    browser: Browser, new_browser: Callable[[], Browser], cache_away: Callable[[], None], later: Callable[..., None]
) -> None:
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    later()
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")
    cache_away()

    assert elsewhere.post(PROVE, {"code": code(secret)}).status_code == 503
    assert elsewhere.account is None


@pytest.mark.parametrize(
    "posted",
    [{}, {"code": ""}, {"code": "\0"}, {"code": "x" * 5000}, {"code": "\u0660" * 6}, {"credential": ""}]
    + [{"credential": text} for text in ("null", "[]", "{}", '{"id": 1}', "[" * 9000, '"\\ud800"', "x" * 30_000)]
    + [{"credential": '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}'}]
    + [
        {
            "credential": '{"id": "AA", "rawId": "AA", "type": "public-key", "response": '
            '{"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"}}'
        }
    ],
)
def test_garbage_is_not_a_factor(browser: Browser, new_browser: Callable[[], Browser], posted: dict[str, str]) -> None:
    cache.clear()  # resets the throttle of the IP address, which all of these share
    browser.sign_in("google", "ada")
    add_app(browser)
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")
    elsewhere.get(PROVE)

    assert elsewhere.post(PROVE, posted).status_code == 200
    assert elsewhere.account is None
    assert browser.post(PASSKEY, posted).status_code == 200
    assert browser.post(APP, posted).status_code == 200
