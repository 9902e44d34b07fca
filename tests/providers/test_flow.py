"""An attempt to sign in is valid in one browser, for one provider, for ten minutes and once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.flow import MOST_AT_ONCE, PREFIX, Flow, Process, take_flow
from providers.refusal import RefusalReason, SignInRefused
from tests.support.together import together

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def attempt(**values: Any) -> Flow:
    return Flow(**{"provider": "google", "process": Process.SIGN_IN, **values})


def cookies_after(flow: Flow, before: dict[str, str] | None = None) -> dict[str, str]:
    """Return a browser's cookies after an attempt was stored in one."""
    request = RequestFactory().get("/")
    request.COOKIES = dict(before or {})
    response = HttpResponse()
    flow.remember(request, response)
    kept = request.COOKIES | {name: morsel.value for name, morsel in response.cookies.items()}
    return {name: value for name, value in kept.items() if value}


def taken(state: str | None, cookies: dict[str, str], provider: str = "google") -> Flow:
    request = RequestFactory().get("/", {} if state is None else {"state": state})
    request.COOKIES = cookies
    return take_flow(request, provider)


def reason(state: str | None, cookies: dict[str, str], provider: str = "google") -> RefusalReason:
    with pytest.raises(SignInRefused) as refused:
        taken(state, cookies, provider)
    return refused.value.reason


@pytest.mark.promise(14)
def test_an_attempt_is_restored_unchanged_from_its_cookie() -> None:
    flow = attempt(process=Process.CONNECT, next="/accounts/?a=b", starter="somebody")

    assert taken(flow.state, cookies_after(flow)) == flow


@pytest.mark.promise(14)
def test_state_nonce_and_verifier_are_long_fresh_and_secret() -> None:
    one, other = attempt(), attempt()
    secrets = {one.state, other.state, one.nonce, other.nonce, one.code_verifier, other.code_verifier}
    cookie = next(iter(cookies_after(one).values()))

    assert len(secrets) == 6
    assert {len(secret) for secret in secrets} == {43}
    assert one.nonce not in cookie
    assert one.code_verifier not in cookie


@pytest.mark.promise(14, 17)
def test_providers_do_not_share_nonces_and_verifiers() -> None:
    one = attempt()
    other = replace(one, provider="microsoft")

    assert (one.state, one.nonce == other.nonce, one.code_verifier == other.code_verifier) == (one.state, False, False)


@pytest.mark.promise(16)
def test_an_attempt_is_taken_once() -> None:
    flow = attempt()
    cookies = cookies_after(flow)
    taken(flow.state, cookies)

    assert reason(flow.state, cookies) is RefusalReason.STATE_USED


@pytest.mark.promise(16, 19)
def test_of_six_at_once_one_takes_it() -> None:
    flow = attempt()
    cookies = cookies_after(flow)

    def run() -> str:
        try:
            taken(flow.state, cookies)
        except SignInRefused as refused:
            return refused.reason.value
        return "taken"

    outcomes = together(*[run] * 6)

    assert sorted(outcomes) == ["state_used"] * 5 + ["taken"]


@pytest.mark.promise(16, 17)
def test_an_attempt_is_valid_for_its_own_provider_only() -> None:
    flow = attempt()
    cookies = cookies_after(flow)

    assert reason(flow.state, cookies, "microsoft") is RefusalReason.STATE_OF_ANOTHER_PROVIDER
    assert taken(flow.state, cookies) == flow


@pytest.mark.promise(16)
@pytest.mark.parametrize(("seconds", "is_good"), [(599, True), (601, False)])
def test_an_attempt_lasts_ten_minutes(time_machine: Any, seconds: int, is_good: bool) -> None:  # noqa: FBT001  # a case
    time_machine.move_to(NOW, tick=False)
    flow = attempt()
    cookies = cookies_after(flow)
    time_machine.move_to(NOW + timedelta(seconds=seconds), tick=False)

    assert is_good or reason(flow.state, cookies) is RefusalReason.STATE_EXPIRED
    assert not is_good or taken(flow.state, cookies) == flow


@pytest.mark.promise(16)
def test_a_cookie_of_another_installation_is_refused(settings: Any) -> None:
    flow = attempt()
    cookies = cookies_after(flow)
    settings.SECRET_KEY = "another-secret-key-of-another-installation"

    assert reason(flow.state, cookies) is RefusalReason.STATE_UNKNOWN


@pytest.mark.promise(16)
def test_a_cookie_under_another_attempts_name_is_refused() -> None:
    flow, other = attempt(), attempt()
    cookies = {flow.cookie: cookies_after(other)[other.cookie]}

    assert reason(flow.state, cookies) is RefusalReason.STATE_UNKNOWN


@pytest.mark.slow
@pytest.mark.promise(16, 43)
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cookie_that_was_tampered_with_is_refused(data: st.DataObject) -> None:
    flow = attempt(next="/accounts/")
    honest = cookies_after(flow)[flow.cookie]
    place = data.draw(st.integers(0, len(honest) - 2))  # base64 ignores the lowest bits of the last character
    letter = data.draw(st.characters(max_codepoint=0xFFF).filter(lambda found: found != honest[place]))
    tampered = honest[:place] + letter + honest[place + 1 :]

    assert reason(flow.state, {flow.cookie: tampered}) in {RefusalReason.STATE_UNKNOWN, RefusalReason.STATE_EXPIRED}


@pytest.mark.promise(16, 23)
@pytest.mark.parametrize("state", ["", "short", "a" * 44, "a" * 42 + "\0", "a" * 42 + "ü", "a" * 42 + "\n"])
def test_a_state_that_we_never_generate_is_malformed(state: str) -> None:
    assert reason(state, {}) is RefusalReason.STATE_MALFORMED


@pytest.mark.promise(16)
def test_a_missing_state_and_a_foreign_one_are_refused() -> None:
    assert reason(None, {}) is RefusalReason.STATE_MISSING
    assert reason(attempt().state, {}) is RefusalReason.STATE_UNKNOWN


@pytest.mark.promise(22)
def test_a_browser_keeps_its_last_six_attempts() -> None:
    flows, cookies = [attempt() for _ in range(MOST_AT_ONCE + 3)], dict[str, str]()
    counts = []
    for flow in flows:
        cookies = cookies_after(flow, cookies)
        counts.append(len(cookies))

    assert counts == [1, 2, 3, 4, 5, 6, 6, 6, 6]
    assert set(cookies) == {flow.cookie for flow in flows[-MOST_AT_ONCE:]}


@pytest.mark.promise(43)
def test_cookies_that_only_look_like_attempts_are_left_alone() -> None:
    strange = {
        f"{PREFIX}{name}": "x" for name in ("ü", "(", "a;b", "a=b", "\0", " ", "=", "[", "]", "longer-than-eight")
    }

    assert cookies_after(attempt(), strange).items() >= strange.items()


@pytest.mark.promise(35)
def test_the_cookie_is_for_this_site_alone_and_not_for_scripts() -> None:
    response = HttpResponse()
    flow = attempt()
    flow.remember(RequestFactory().get("/"), response)
    morsel = SimpleCookie(response.cookies.output(header=""))[flow.cookie]

    assert (morsel["httponly"], morsel["samesite"], morsel["path"], morsel["domain"]) == (True, "Lax", "/", "")
    assert int(morsel["max-age"]) == 86_400  # its signature expires after ten minutes
