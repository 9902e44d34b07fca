"""Cut-off: one act revokes every credential of a person, and confirms when all of them are dead."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import cut_off, tasks
from accounts.bulk.actions import ACTIONS
from accounts.bulk.base import BulkOrder
from accounts.cut_off import credentials
from accounts.mailing import links
from accounts.models import CutOff, MailedLink, Purpose, Session, User
from accounts.privacy import erasing
from accounts.sign_in.local.registration import open_local_account
from audit.models import Entry
from foundation.declarations import Revocable, RevocationReason, RevocationResult
from providers import tokens
from providers.models import UpstreamTokens
from providers.tasks import send_revocations
from providers.vault import NothingStored, count, get_token
from tests.flows.conftest import Browser, refusals
from tests.flows.factors import BEGIN_AGAIN, PROVE, add_app
from tests.flows.test_local_accounts import NORA, PASSWORD
from tests.flows.test_local_accounts import sign_in as local_sign_in
from tests.support.administrator import administrator, root
from tests.support.authenticator import code
from tests.support.proven import proven
from tests.support.servers import Servers
from tests.support.together import together
from tests.support.waiting import until

__all__ = ["administrator", "root"]
pytestmark = pytest.mark.django_db

LOCK, DEVICES = "/accounts/lock/", "/accounts/sessions/"


@pytest.fixture
def ada(browser: Browser) -> User:
    """Ada, signed in through Keycloak, which has issued tokens, and waiting for a mail."""
    browser.sign_in("keycloak", "ada")
    user = User.objects.get(username=None)
    links.make(Purpose.EMAIL_CHANGE, email="new@example.com", lifetime=timedelta(minutes=10), user=user)
    return user


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Any:
    """Run the on_commit callbacks at the end of a block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def stubborn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A class of credentials that reports the numbers of live ones in the list, whatever is revoked."""
    alive = [0]
    stubborn = Revocable(
        name="stubborn",
        label="Stubborn things",
        revoke=lambda _people, _reason: RevocationResult(count=1),
        alive=lambda _people: alive[0],
    )
    monkeypatch.setitem(credentials.revocables(), "stubborn", stubborn)
    return alive


def page(user: User) -> str:
    return f"/admin/accounts/user/{user.pk}/cut-off/"


def told(action: str) -> list[dict[str, Any]]:
    return [entry.details or {} for entry in Entry.objects.filter(action=action).order_by("id")]


def is_out(browser: Browser) -> bool:
    return browser.account is None


def nothing_left(user: User) -> bool:
    return (user.sessions.count(), user.mailed_links.count(), count(user)) == (0, 0, 0)


@pytest.mark.promise(31)
def test_locking_an_account_ends_everything_and_confirms_it(
    ada: User, browser: Browser, new_browser: Callable[[], Browser], committed: Any
) -> None:
    elsewhere = new_browser()
    elsewhere.sign_in("keycloak", "ada")
    assert LOCK in browser.get(DEVICES).content.decode()
    assert browser.get(LOCK).status_code == 200
    assert elsewhere.account, "asking changes nothing"

    with committed():
        answer = browser.post(LOCK)
    assert answer.headers["Location"].startswith("/accounts/locked/?of=")
    assert is_out(browser)
    assert is_out(elsewhere)
    assert nothing_left(ada)
    with pytest.raises(NothingStored):
        get_token(ada, "keycloak")
    assert browser.get(answer.headers["Location"]).content.decode().count("2 still to be confirmed") == 1
    send_revocations()
    tasks.confirm_cut_offs()
    done = CutOff.objects.get()
    assert (done.by, done.deactivated, done.confirmed_at is not None) == ("owner", True, True)
    ended = {name: check["ended"] for name, check in done.checks.items()}
    none = dict.fromkeys(("waiting_sign_ins", "app_tokens", "api_keys"), 0)
    assert ended == {"sessions": 2, "mailed_links": 1, "upstream_tokens": 2, **none}
    (entry,) = told("account.cut_off")
    assert entry["deactivated"]
    assert {one["what"]: one["count"] for one in entry["revoked"]} == ended
    assert told("account.cut_off_confirmed") == [{}]
    assert {entry["reason"] for entry in told("session.revoked")} == {"cut_off"}

    shown = browser.get(answer.headers["Location"])
    assert shown.content.decode().count("None left") == 6
    assert "Refresh" not in shown.headers
    assert "Ada" not in shown.content.decode()

    assert elsewhere.sign_in("keycloak", "ada").status_code in {302, 403}
    assert refusals() == ["locked_by_owner"]
    assert elsewhere.account is None


@pytest.mark.promise(31)
def test_only_a_press_in_one_s_own_browser_locks(ada: User, browser: Browser) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.client.cookies

    assert strict.post(LOCK).status_code == 403
    assert Browser(browser.providers).post(LOCK).headers["Location"].startswith("/accounts/login/")
    assert browser.account == str(ada.pk)
    assert browser.get("/accounts/locked/?of=rubbish").status_code == 404


@pytest.mark.promise(31)
def test_the_last_superuser_ends_everything_and_stays_active(
    browser: Browser, administrator: Client, root: User
) -> None:
    answer = administrator.post(LOCK)

    root.refresh_from_db()
    assert root.is_active
    assert nothing_left(root)
    assert "stays open" in administrator.get(answer.headers["Location"]).content.decode()


@pytest.mark.promise(31)
def test_a_sign_in_that_waits_for_its_second_factor_is_ended_too(
    browser: Browser, new_browser: Callable[[], Browser], later: Callable[..., None]
) -> None:
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    later()
    elsewhere = new_browser()
    assert elsewhere.sign_in("google", "ada").headers["Location"] == PROVE

    cut_off.cut_off(User.objects.get(), by=CutOff.By.COMMAND, close=False)
    elsewhere.post(PROVE, {"code": code(secret)})
    assert elsewhere.account is None

    again = new_browser()
    again.sign_in("google", "ada")
    later()
    again.post(PROVE, {"code": code(secret)})
    assert again.account, "the account was left open"


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.promise(31)
def test_a_session_that_was_opened_at_the_same_moment_is_ended_for_good(
    ada: User, browser: Browser, *, close: bool
) -> None:
    """Its row is from a transaction that the cut-off could not see."""
    row = Session.objects.get(user=ada)
    cut_off.cut_off(ada, by=CutOff.By.COMMAND, close=close)
    row.save(force_insert=True)

    assert browser.account is None
    User.objects.filter(pk=ada.pk).update(is_active=True)
    assert browser.account is None
    assert CutOff.objects.get().confirmed_at is None
    tasks.confirm_cut_offs()
    send_revocations()
    tasks.confirm_cut_offs()
    assert not Session.objects.filter(pk=row.pk).exists()
    assert CutOff.objects.get().confirmed_at


@pytest.mark.promise(31)
def test_credentials_from_before_a_deactivation_do_not_come_back_with_the_account(ada: User, browser: Browser) -> None:
    """Whatever deactivated it: here an UPDATE that revokes nothing by itself."""
    User.objects.filter(pk=ada.pk).update(is_active=False)
    User.objects.filter(pk=ada.pk).update(is_active=True)

    assert browser.account is None
    browser.sign_in("keycloak", "ada")
    assert browser.account == str(ada.pk)


@pytest.mark.promise(31)
def test_an_administrator_gives_a_reason_and_sees_the_confirmation(
    ada: User, browser: Browser, administrator: Client, committed: Any, stubborn: list[int]
) -> None:
    assert administrator.get(page(ada)).status_code == 200
    assert "Say why" in administrator.post(page(ada), {"close": "on"}).content.decode()
    assert browser.account == str(ada.pk)

    stubborn[0] = 2
    with committed():
        administrator.post(page(ada), {"reason": "a laptop was stolen", "close": "on"})
    assert is_out(browser)
    waiting = administrator.get(page(ada))
    assert "2 still to be confirmed" in waiting.content.decode()
    assert waiting.headers["Refresh"]
    ada.refresh_from_db()
    assert not ada.is_active

    stubborn[0] = 0
    send_revocations()
    tasks.confirm_cut_offs()
    assert "Refresh" not in administrator.get(page(ada)).headers
    done = CutOff.objects.get()
    assert (done.reason, done.by) == ("a laptop was stolen", "administrator")
    assert done.checks["stubborn"]["ended"] == 2, "it was ended once more"
    assert Entry.objects.get(action="account.cut_off").reason == "a laptop was stolen"


@pytest.mark.promise(31)
def test_an_account_can_be_left_active(ada: User, browser: Browser, administrator: Client) -> None:
    administrator.post(page(ada), {"reason": "to be sure"})

    assert browser.account is None
    browser.sign_in("keycloak", "ada")
    assert browser.account == str(ada.pk)


@pytest.mark.promise(31)
def test_nobody_cuts_off_the_last_superuser_or_from_above(
    ada: User, browser: Browser, administrator: Client, root: User
) -> None:
    assert administrator.get(page(root)).headers["Location"] == LOCK
    assert browser.client.post(page(root), {"reason": "because"}).status_code in {302, 403}
    with pytest.raises(CommandError, match="last superuser"):
        call_command("cut_off", "--user", "root", "--reason", "a try")

    root.refresh_from_db()
    assert root.is_active
    assert CutOff.objects.count() == 0


@pytest.mark.promise(31)
def test_it_requires_reauthentication(ada: User, browser: Browser, root: User) -> None:
    stale = proven(root)
    Session.objects.filter(user=root).update(session_data=_aged(Session.objects.get(user=root).session_data))

    answer = stale.post(page(ada), {"reason": "because", "close": "on"})
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert browser.account == str(ada.pk)


def _aged(data: str) -> str:
    return re.sub(r'"at":[0-9.]+', '"at":1000.0', data)


@pytest.mark.promise(31)
def test_the_command_prints_the_check_list(ada: User, browser: Browser, committed: Any, capsys: Any) -> None:
    with committed():
        call_command("cut_off", "--user", str(ada.pk), "--reason", "the incident of Friday")

    assert browser.account is None
    assert Entry.objects.get(action="account.cut_off").actor_id == "cut_off"
    assert "Devices that are signed in: 1 revoked" in capsys.readouterr().out


@pytest.mark.promise(31)
def test_many_are_cut_off_as_a_bulk_action(ada: User, browser: Browser, root: User) -> None:
    kind = ACTIONS["cut_off"]
    decision = kind.decide(BulkOrder(actor=root), [ada.pk, root.pk])
    assert decision.changes == [ada.pk]
    kind.write(BulkOrder(actor=root), decision.changes)

    assert browser.account is None
    assert nothing_left(ada)
    assert CutOff.objects.get().deactivated


@pytest.mark.parametrize("way", ["form", "bulk", "erasure"])
@pytest.mark.promise(31)
def test_deactivation_and_erasure_end_the_same(
    ada: User, browser: Browser, administrator: Client, root: User, way: str
) -> None:
    if way == "form":
        form = {"name": "Ada", "email": ada.email or "", "email_verified": "on"}
        assert administrator.post(f"/admin/accounts/user/{ada.pk}/change/", form).status_code == 302
    elif way == "bulk":
        ACTIONS["deactivate"].write(BulkOrder(actor=root), [ada.pk])
    else:
        erasing.erase(ada, reason="asked for")

    assert browser.account is None
    assert MailedLink.objects.filter(user=ada.pk).count() == 0
    assert Session.objects.filter(user=ada.pk).count() == 0
    with pytest.raises(NothingStored):
        get_token(ada, "keycloak")


@pytest.mark.promise(31)
def test_a_run_that_was_killed_after_the_act_is_followed_up(ada: User, browser: Browser) -> None:
    """The act is one transaction, so it happens completely or not at all. The schedule repeats the checks after it."""
    cut_off.cut_off(ada, by=CutOff.By.COMMAND, close=True)
    assert browser.account is None
    assert CutOff.objects.get().confirmed_at is None

    tasks.confirm_cut_offs()
    send_revocations()
    tasks.confirm_cut_offs()
    tasks.confirm_cut_offs()
    assert CutOff.objects.get().confirmed_at
    assert len(told("account.cut_off_confirmed")) == 1


@pytest.mark.promise(31)
def test_what_ends_everything_is_declared_by_name(ada: User) -> None:
    names = ["sessions", "waiting_sign_ins", "mailed_links", "app_tokens", "api_keys", "upstream_tokens"]
    assert list(credentials.revocables()) == names
    ended = cut_off.revoke_all([ada.pk], reason=RevocationReason.CUT_OFF)
    assert [one.count for one in ended.values()] == [1, 0, 1, 0, 0, 1]


@pytest.mark.promise(31)
def test_the_time_is_the_databases_and_not_a_web_servers(
    ada: User, new_browser: Callable[[], Browser], time_machine: Any
) -> None:
    """What a web process with a fast clock has issued is from before the cut-off all the same."""
    time_machine.move_to(timezone.now() + timedelta(minutes=2))
    ahead = new_browser()
    ahead.sign_in("keycloak", "ada")
    row = Session.objects.of_browser(ahead.key).get()
    assert ahead.account

    cut_off.cut_off(ada, by=CutOff.By.COMMAND, close=False)
    row.save(force_insert=True)
    assert ahead.account is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
@pytest.mark.promise(31)
def test_a_sign_in_that_meets_the_cut_off_does_not_outlive_it(
    browser: Browser, new_browser: Callable[[], Browser], attempt: int
) -> None:
    browser.sign_in("keycloak", "ada")
    person, thief = User.objects.get(username=None), new_browser()
    callback = thief.callback_url("keycloak", "ada")

    def cut() -> int:
        cut_off.cut_off(person, by=CutOff.By.COMMAND, reason=f"attempt {attempt}", close=True)
        return 0

    statuses = together(lambda: int(thief.get(callback).status_code), cut)

    assert max(statuses) < 500
    assert is_out(thief)
    assert is_out(browser)
    assert nothing_left(person)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("longest_token", [tokens.LONGEST, 1])
@pytest.mark.promise(31)
def test_an_account_deactivated_while_a_sign_in_waits_for_its_identity_stays_closed(
    browser: Browser,
    new_browser: Callable[[], Browser],
    servers: Servers,
    monkeypatch: pytest.MonkeyPatch,
    longest_token: int,
) -> None:
    """Even if the provider's tokens are too long to be stored."""
    browser.sign_in("keycloak", "ada")
    monkeypatch.setattr(tokens, "LONGEST", longest_token)
    person, late = User.objects.get(), new_browser()
    callback = late.callback_url("keycloak", "ada")

    def sign_in() -> int:
        return int(late.get(callback).status_code)

    def close() -> int:
        with psycopg.connect(servers.runtime_url, autocommit=True) as other:
            until(lambda: other.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone(), seconds=20)
        User.objects.filter(pk=person.pk).update(is_active=False)
        holder.rollback()
        return 0

    with psycopg.connect(servers.runtime_url) as holder:
        holder.execute("SELECT FROM accounts_identity FOR UPDATE")
        assert together(sign_in, close) == [403, 0]

    assert refusals()[-1] == "account_deactivated"
    assert UpstreamTokens.objects.get().version == 1, "what it brought was not kept"
    assert person.sessions.count() == 1, "the one of before"
    assert is_out(late)


CLOSE = "UPDATE accounts_user SET is_active = false WHERE id = %s"
END_ALL = "UPDATE accounts_user SET not_before = clock_timestamp() WHERE id = %s"


def to_the_factor(browser: Browser, late: Browser, later: Callable[..., None]) -> Callable[[], Any]:
    """Go as far as the second factor, and return a function that answers it."""
    browser.sign_in("keycloak", "ada")
    secret, _ = add_app(browser)
    later()
    assert late.sign_in("keycloak", "ada").headers["Location"] == PROVE
    return lambda: late.post(PROVE, {"code": code(secret)})


def to_the_password(_browser: Browser, late: Browser, _later: Callable[..., None]) -> Callable[[], Any]:
    open_local_account(NORA, "Nora", PASSWORD)
    return lambda: local_sign_in(late)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ending", [CLOSE, END_ALL])
@pytest.mark.parametrize("to_the_door", [to_the_factor, to_the_password])
@pytest.mark.promise(31)
def test_an_account_cut_off_between_a_right_factor_and_its_session_gets_none(
    browser: Browser,
    new_browser: Callable[[], Browser],
    later: Callable[..., None],
    servers: Servers,
    settings: Any,
    *,
    ending: str,
    to_the_door: Callable[..., Callable[[], Any]],
) -> None:
    """The factor was verified against the old state of the account, whose row the cut-off locks."""
    settings.LOCAL_ACCOUNTS = "open"
    late = new_browser()
    come_in = to_the_door(browser, late, later)
    person = User.objects.get()
    before = person.sessions.count()

    def end() -> None:
        until(lambda: closer.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone(), seconds=20)
        closer.commit()

    with psycopg.connect(servers.runtime_url) as closer:
        closer.execute(ending, [person.pk])
        answer, _ = together(come_in, end)

    assert answer.headers["Location"] == "/accounts/login/"
    assert refusals() == ["revoked_meanwhile"]
    assert person.sessions.count() == before
    User.objects.filter(pk=person.pk).update(is_active=True)
    assert is_out(late)
    assert late.get(PROVE).headers["Location"] == BEGIN_AGAIN, "the first proof is forgotten"
    assert b"signed out everywhere" in late.get("/accounts/login/").content
