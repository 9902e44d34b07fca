"""Simultaneous uses of one refresh token, and a use that is interrupted: at most one new chain of tokens begins."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from accounts import cut_off
from accounts.models import CutOff, User
from authserver.models import RefreshPolicy, TokenFamily
from tests.support.authorized import App, refused
from tests.support.servers import Servers
from tests.support.together import together
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
STRICT, WEB, AGENT = RefreshPolicy.STRICT, RefreshPolicy.WEB, RefreshPolicy.AGENT
LINE_CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND 'accounts_membership'::regclass = ANY (
        SELECT relation FROM pg_locks l WHERE l.pid = pg_stat_activity.pid AND NOT l.granted
    )
"""


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(username="ada", name="Ada")


@pytest.mark.promise(60)
@pytest.mark.parametrize(("policy", "window"), [(STRICT, 10), (WEB, 0), (WEB, 10), (AGENT, 0), (AGENT, 10)])
def test_eight_at_once_begin_at_most_one_chain(ada: User, settings: Any, policy: RefreshPolicy, window: int) -> None:
    """As in CVE-2026-1035 of Keycloak, where the check and the write were two steps."""
    settings.REFRESH_REUSE_WINDOW = timedelta(seconds=window)
    app = App.registered(refresh_policy=policy)
    token = app.tokens(ada)["refresh_token"]

    answers = together(*[lambda: app.refresh(token)] * 8)
    new = {answer.json()["refresh_token"] for answer in answers if answer.status_code == 200}
    family = TokenFamily.objects.get()
    assert (len(new), family.generation) == (1, 1)
    if policy == AGENT or (policy == WEB and window):
        assert [answer.status_code for answer in answers] == [200] * 8
        assert (family.revoked_at, family.repeats) == (None, 7)
        assert app.refresh(new.pop()).status_code == 200
    else:
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
        assert family.revoked_reason == "reused"
        assert refused(app.refresh(new.pop())) == "invalid_grant"


@pytest.mark.promise(60)
def test_uses_of_a_token_and_its_successor_at_once_leave_one_current_token(ada: User) -> None:
    app = App.registered(refresh_policy=AGENT)
    old = app.tokens(ada)["refresh_token"]
    new = app.refresh(old).json()["refresh_token"]
    answers = together(*[lambda: app.refresh(old), lambda: app.refresh(new)] * 4)
    issued = {answer.json()["refresh_token"] for answer in answers if answer.status_code == 200}
    family = TokenFamily.objects.get()
    assert (family.generation, family.revoked_at) == (2, None)
    (newest,) = issued - {new}
    assert app.refresh(newest).status_code == 200


@pytest.mark.promise(61)
@pytest.mark.parametrize("policy", RefreshPolicy)
def test_a_line_cut_between_the_use_and_the_answer_leaves_the_token_unused(
    ada: User, servers: Servers, policy: RefreshPolicy
) -> None:
    """The generation is counted up, and the rest waits for somebody's lock. Processes: test_killed_refreshes.py."""
    app = App.registered(refresh_policy=policy)
    token = app.tokens(ada)["refresh_token"]
    with (
        psycopg.connect(servers.superuser_url) as holding,
        psycopg.connect(servers.superuser_url, autocommit=True) as cutting,
    ):
        holding.execute("LOCK TABLE accounts_membership IN ACCESS EXCLUSIVE MODE")

        def cut() -> None:
            try:
                until(lambda: cutting.execute(LINE_CUT).fetchone(), seconds=20)
            finally:
                holding.rollback()

        answers: list[Any] = together(lambda: app.refresh(token), cut)
    assert (answers[0].status_code, answers[0].json()["error"]) == (503, "temporarily_unavailable")
    assert TokenFamily.objects.get().generation == 0
    assert app.refresh(token).status_code == 200
    assert TokenFamily.objects.get().generation == 1


@pytest.mark.promise(31, 60)
@pytest.mark.parametrize("attempt", range(3))
def test_nothing_issued_during_a_cut_off_can_be_used_after_it(ada: User, attempt: int) -> None:
    app = App.registered(refresh_policy=AGENT)
    token = app.tokens(ada)["refresh_token"]
    codes = [app.authorized(ada) for _ in range(3)]

    def cut() -> None:
        cut_off.cut_off(ada, by=CutOff.By.ADMINISTRATOR, close=False)

    answers: list[Any] = together(
        cut, *[lambda: app.refresh(token)] * 3, lambda: app.redeem(codes[2]), lambda: app.redeem(codes[0])
    )
    issued = [answer.json()["refresh_token"] for answer in answers if answer and answer.status_code == 200]
    for one in {token, *issued}:
        assert refused(app.refresh(one)) == "invalid_grant"
    for code in codes:
        assert refused(app.redeem(code)) == "invalid_grant"
