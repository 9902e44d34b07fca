"""A person with a new subject at their provider gets back into their account.

The kind of fault: a refusal is correct but permanent, and nobody can help. The provider knows the person under a new
subject, the e-mail address is that of their account, and neither they nor an administrator can connect the two.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Identity, Membership, Role, Session, User
from accounts.models.active_membership import set_context
from accounts.privacy.erasing import erase
from audit.models import Entry
from foundation import lifetimes
from jobs.purging import purge
from providers.models import RefusedIdentity
from providers.refused.connecting import ConnectRefused, Obstacle, connect_refused
from sandbox.personas import Persona
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tenancy import site_context
from tests.flows.conftest import Browser, refusals
from tests.flows.factors import add_app
from tests.flows.proofs import let_be_proven
from tests.support.administrator import administrator, root
from tests.support.authenticator import code
from tests.support.post import Post, html_of, words_of
from tests.support.proven import proven, sign_in
from tests.support.together import together
from tests.tenancy.conftest import Town

__all__ = ["administrator", "root"]
pytestmark = pytest.mark.django_db

FIND = "/admin/providers/refusedidentity/find/"
ADDRESS = "ada@example.com"
REASON = "Met at the front desk, passport seen."
SHOWN = re.compile(r'class="reference">[^<]*<code>([^<]+)</code>')


def made_anew(providers: Sandbox, key: str = "ada-anew", **more: Any) -> str:
    """Create a person with Ada's address and a new subject."""
    told: dict[str, Any] = {"name": "Ada Lovelace", "email": ADDRESS, "domain_owner": True} | more
    providers.add_persona(Persona(key=key, **told))
    return key


def reference_of(page: Any) -> str:
    found = SHOWN.search(page.content.decode())
    assert found, "the page shows a reference"
    return found[1]


def lead_page(reference: str) -> str:
    return f"{FIND}{reference}/connect/"


def look_up(client: Client, reference: str) -> str:
    answer = client.get(FIND, {"reference": reference})
    assert answer.status_code == 200
    page: str = answer.content.decode().split('id="content"', maxsplit=1)[-1]
    return page


def said(client: Client, answer: Any) -> str:
    """Return the page after an act, with its messages."""
    assert answer.status_code == 302, answer.content
    page: str = client.get(answer.headers["Location"]).content.decode()
    return page


def told(action: str) -> list[dict[str, Any]]:
    return [entry.details or {} for entry in Entry.objects.filter(action=action).order_by("id")]


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Any:
    """Run the on_commit callbacks at the end of a block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def ada(browser: Browser, provider: str) -> User:
    """Ada, who has long signed in through this provider."""
    browser.sign_in(provider, "ada")
    return Identity.objects.get().user


@pytest.fixture
def clash(ada: User, new_browser: Callable[[], Browser], providers: Sandbox, provider: str) -> str:
    """Return the reference of the refusal of Ada with her new subject."""
    return reference_of(new_browser().sign_in(provider, made_anew(providers)))


@pytest.fixture
def keycloak_ada(browser: Browser) -> User:
    browser.sign_in("keycloak", "ada")
    return Identity.objects.get().user


@pytest.fixture
def refused(keycloak_ada: User, new_browser: Callable[[], Browser], providers: Sandbox) -> str:
    """The same at one provider, if it does not matter which."""
    return reference_of(new_browser().sign_in("keycloak", made_anew(providers)))


@pytest.mark.promise(24)
def test_from_the_refusal_to_the_person_signed_in_again(
    clash: str, provider: str, administrator: Client, new_browser: Any, post: Post, committed: Any
) -> None:
    """The whole story at each provider: refused, found, connected, signed in."""
    before, root = Identity.objects.select_related("user").get(), User.objects.get(username="root")
    ada = before.user
    page = look_up(administrator, clash.lower().replace("-", " "))
    row = RefusedIdentity.objects.get()
    for shown in (row.issuer, row.subject, ADDRESS, "email_of_another_account", f"/admin/accounts/user/{ada.pk}/"):
        assert shown in page, shown
    assert lead_page(clash) in page

    asked = administrator.get(lead_page(clash))
    assert asked.status_code == 200
    words = asked.content.decode()
    for side in (row.subject, before.subject, ADDRESS, "The address alone proves nothing"):
        assert side in words, side
    assert Identity.objects.count() == 1, "asking changes nothing"

    with committed():
        done = administrator.post(lead_page(clash), {"reason": REASON})
    assert done.headers["Location"] == f"/admin/accounts/user/{ada.pk}/change/"
    assert not Session.objects.filter(user=ada).exists(), "all devices are signed out"
    came = new_browser()
    assert came.sign_in(provider, "ada-anew").status_code == 302
    assert came.account == str(ada.pk)
    assert User.objects.filter(username=None).count() == 1
    old = new_browser()
    old.sign_in(provider, "ada")
    assert old.account == str(ada.pk), "what opened it before still does"

    (entry,) = Entry.objects.filter(action="refused_identity.linked")
    assert (entry.person, entry.actor_id) == (str(ada.pk), str(root.pk))
    assert entry.details == {"provider": provider, "issuer": row.issuer, "reference": clash, "mailed": True}
    given = Entry.objects.filter(action="reason.given", request_id=entry.request_id).values_list("reason", flat=True)
    assert set(given) == {REASON}
    letter = post.to(ADDRESS)
    assert "An administrator connected" in letter.subject
    assert "tell your administrator at once" in " ".join(words_of(html_of(letter)))
    after = look_up(administrator, clash)
    assert "Root connected this identity to the account" in after
    assert lead_page(clash) not in after


def test_the_page_says_what_the_person_can_do_and_nothing_about_the_account(
    keycloak_ada: User, refused: str, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    """The kind of fault: wrong advice, or a page that tells a stranger with the address how to open the account.

    Whatever the account has, the page says the same.
    """
    pages = []
    for number in range(2):
        page = new_browser().sign_in("keycloak", "ada-anew").content.decode()
        pages.append(SHOWN.sub("", re.sub(r'(nonce|value)="[^"]*"', "", page)))
        keycloak_ada.set_password("correct horse battery")
        keycloak_ada.save()
        Identity.objects.create(
            user=keycloak_ada, provider="google", issuer="https://elsewhere.example", subject=str(number)
        )

    assert pages[0] == pages[1]
    assert "Ask your administrator, and give them the reference below" in pages[0]
    assert "Lovelace" not in pages[0]
    assert str(keycloak_ada.pk) not in pages[0]


def test_without_another_sign_in_method_none_is_advised(
    keycloak_ada: User, new_browser: Callable[[], Browser], providers: Sandbox, turn_off: Callable[[str], None]
) -> None:
    for other in ("google", "microsoft", "github"):
        turn_off(other)
    page = new_browser().sign_in("keycloak", made_anew(providers)).content.decode()

    assert "Sign in the way you did before" not in page
    assert "Ask your administrator, and give them the reference below" in page


def test_factors_stay_and_are_required(
    browser: Browser, keycloak_ada: User, new_browser: Any, providers: Sandbox, administrator: Client, later: Any
) -> None:
    secret, _codes = add_app(browser)
    reference = reference_of(new_browser().sign_in("keycloak", made_anew(providers)))
    administrator.post(lead_page(reference), {"reason": REASON})
    later()
    came = new_browser()
    waits = came.sign_in("keycloak", "ada-anew")

    assert came.account is None
    assert waits.headers["Location"].startswith("/accounts/2fa/") or "second" in waits.headers["Location"]
    assert came.post(waits.headers["Location"], {"code": code(secret)}).status_code == 302
    assert came.account == str(keycloak_ada.pk)


def test_the_mail_goes_to_the_address_as_the_account_has_it(
    keycloak_ada: User, refused: str, administrator: Client, post: Post, committed: Any
) -> None:
    """The kind of fault: mail goes to the address as claimed instead of the account's own spelling (ADR 27)."""
    User.objects.filter(pk=keycloak_ada.pk).update(email="Ada@EXAMPLE.com")
    with committed():
        administrator.post(lead_page(refused), {"reason": REASON})

    assert [letter.to for letter in post.all() if "connected" in letter.subject] == [["Ada@EXAMPLE.com"]]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "nul\0"])
def test_it_needs_a_reason(refused: str, administrator: Client, reason: str) -> None:
    answer = administrator.post(lead_page(refused), {"reason": reason})

    assert "Say how you made sure" in answer.content.decode()
    assert Identity.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_connecting_a_refused_identity_requires_reauthentication(refused: str, root: User, method: str) -> None:
    client = Client()
    sign_in(client, root)
    answer = getattr(client, method)(lead_page(refused), {"reason": REASON})

    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert Identity.objects.count() == 1


def test_it_is_done_once(refused: str, administrator: Client) -> None:
    administrator.post(lead_page(refused), {"reason": REASON})
    again = said(administrator, administrator.post(lead_page(refused), {"reason": REASON}))

    assert "This was done already" in again
    assert Identity.objects.count() == 2
    assert len(told("refused_identity.linked")) == 1
    assert not RefusedIdentity.objects.exists()


def obstacle(refused: str, root: User) -> Obstacle:
    with pytest.raises(ConnectRefused) as found:
        connect_refused(refused, by=root, reason=REASON)
    return found.value.obstacle


def refusal_on_page(refused: str, client: Client, expected: Obstacle) -> None:
    """The page names the reason, nothing is changed, and the trail has an entry."""
    answer = client.post(lead_page(refused), {"reason": REASON})
    assert str(expected.label) in said(client, answer).replace("&#x27;", "'")
    assert not told("refused_identity.linked")


def test_not_after_thirty_days_nor_by_the_second_click(
    refused: str, administrator: Client, root: User, time_machine: Any
) -> None:
    time_machine.move_to(datetime.now(UTC) + lifetimes.REFUSED_IDENTITY - timedelta(minutes=5))
    client = proven(root)
    assert client.get(lead_page(refused)).status_code == 200
    time_machine.move_to(datetime.now(UTC) + timedelta(minutes=6))

    refusal_on_page(refused, proven(root), Obstacle.GONE)


def test_not_an_account_that_was_deactivated_meanwhile(
    refused: str, administrator: Client, keycloak_ada: User, root: User
) -> None:
    User.objects.filter(pk=keycloak_ada.pk).update(is_active=False)

    refusal_on_page(refused, administrator, Obstacle.ACCOUNT_DEACTIVATED)
    assert told("change.refused")[-1]["reason"] == "connect_account_deactivated"
    assert obstacle(refused, root) is Obstacle.ACCOUNT_DEACTIVATED


def test_not_an_account_that_was_erased_or_removed_meanwhile(
    refused: str, administrator: Client, keycloak_ada: User, root: User
) -> None:
    row = RefusedIdentity.objects.get()
    erase(keycloak_ada, reason="asked for it")
    assert not RefusedIdentity.objects.exists(), "what came with their address went with them"
    refusal_on_page(refused, administrator, Obstacle.GONE)

    row.save(force_insert=True)  # as after a deletion that is not an erasure
    assert obstacle(refused, root) is Obstacle.ACCOUNT_GONE
    refusal_on_page(refused, administrator, Obstacle.ACCOUNT_GONE)


def test_not_an_identity_that_was_linked_elsewhere_meanwhile(
    refused: str, administrator: Client, new_browser: Any, providers: Sandbox, root: User
) -> None:
    """The person changes the address at the provider, and enrols with the same subject."""
    providers.add_persona(Persona(key="ada-anew", name="Ada", email="ada@elsewhere.example", domain_owner=True))
    other = new_browser()
    assert other.sign_in("keycloak", "ada-anew").status_code == 302

    refusal_on_page(refused, administrator, Obstacle.GONE)
    row = RefusedIdentity(
        provider="keycloak",
        issuer=Identity.objects.latest("id").issuer,
        subject=Identity.objects.latest("id").subject,
        email=ADDRESS,
        canonical_email=ADDRESS,
        email_verified=True,
        reason="email_of_another_account",
        reference=refused,
        account=Identity.objects.earliest("id").user_id,
        refused_at=timezone.now(),
        expires_at=timezone.now() + lifetimes.REFUSED_IDENTITY,
    )
    row.save()
    assert obstacle(refused, root) is Obstacle.CONNECTED


def test_not_under_a_reference_after_which_it_was_refused_again(
    refused: str, administrator: Client, new_browser: Any, providers: Sandbox
) -> None:
    """The identity would not be the one that the administrator has seen."""
    newer = reference_of(new_browser().sign_in("keycloak", "ada-anew"))

    assert RefusedIdentity.objects.get().reference == newer != refused
    refusal_on_page(refused, administrator, Obstacle.GONE)
    page = look_up(administrator, refused)
    assert "was refused again later" in page
    assert newer in page
    assert lead_page(refused) not in page


def test_not_if_the_account_has_another_address_now(refused: str, administrator: Client, keycloak_ada: User) -> None:
    User.objects.filter(pk=keycloak_ada.pk).update(email="lovelace@example.com")

    refusal_on_page(refused, administrator, Obstacle.EMAIL_MOVED)


def test_not_if_the_address_is_no_longer_verified(refused: str, administrator: Client, keycloak_ada: User) -> None:
    User.objects.filter(pk=keycloak_ada.pk).update(email_verified=False)

    refusal_on_page(refused, administrator, Obstacle.EMAIL_MOVED)


def test_not_from_another_provider_than_the_account_has(
    keycloak_ada: User, new_browser: Any, administrator: Client
) -> None:
    """There is no new subject: they still have their sign-in method, and can connect the other one themselves."""
    reference = reference_of(new_browser().sign_in("google", "ada"))

    refusal_on_page(reference, administrator, Obstacle.OTHER_PROVIDER)
    assert lead_page(reference) not in look_up(administrator, reference)


def test_not_to_one_s_own_account(refused: str, keycloak_ada: User) -> None:
    keycloak_ada.is_superuser = keycloak_ada.is_staff = True
    keycloak_ada.save()

    refusal_on_page(refused, proven(keycloak_ada), Obstacle.OWN_ACCOUNT)


def test_not_what_was_refused_for_another_reason(
    keycloak_ada: User, browser: Browser, administrator: Client, providers: Sandbox
) -> None:
    """A reauthentication with an identity that is not connected is not a clash."""
    providers.add_persona(Persona(key="else", name="Else", email="else@example.com"))
    page = browser.sign_in("keycloak", "else", process="reauthenticate")
    reference = reference_of(page)

    assert refusals() == ["identity_not_connected"]
    assert "else@example.com" in look_up(administrator, reference)
    refusal_on_page(reference, administrator, Obstacle.NO_CLASH)


def test_a_reference_with_nul_is_refused_as_everywhere_in_the_admin(administrator: Client) -> None:
    assert administrator.get(FIND, {"reference": "\0"}).status_code == 400
    assert administrator.post(lead_page("%00"), {"reason": "x"}).status_code == 400


@pytest.mark.parametrize("spelled", ["nothing", "AAAA-22", "", "../..", "A" * 5000])
def test_an_unknown_reference_is_answered(administrator: Client, spelled: str) -> None:
    assert administrator.get(FIND, {"reference": spelled}).status_code == 200
    if spelled and "/" not in spelled:
        assert "Nothing was changed" in said(administrator, administrator.post(lead_page(spelled), {"reason": "x"}))


@pytest.mark.promise(24, 25)
def test_a_stranger_with_the_address_gets_no_further_than_the_refusal(
    keycloak_ada: User, new_browser: Any, providers: Sandbox, administrator: Client
) -> None:
    """An attacker creates an account at the provider with the victim's verified address, and tries for a long time."""
    stranger = new_browser()
    made_anew(providers, "mallory-anew", name="Ada Lovelace (really)")
    references = {reference_of(stranger.sign_in("keycloak", "mallory-anew")) for _ in range(5)}

    assert stranger.account is None
    assert len(references) == 5
    assert RefusedIdentity.objects.count() == 1, "a row for each identity, however often it comes"
    assert stranger.get(FIND).status_code == 302
    assert stranger.post(lead_page(references.pop()), {"reason": REASON}).status_code == 302
    assert Identity.objects.count() == 1
    newest = RefusedIdentity.objects.get().reference
    assert "The address alone proves nothing" in look_up(administrator, newest)
    assert "The address alone proves nothing" in administrator.get(lead_page(newest)).content.decode()


@pytest.fixture
def member(town: Town, keycloak_ada: User) -> User:
    """Ada, a member of A only."""
    with site_context("a test"):
        Membership.objects.create(user=keycloak_ada, tenant=town.a.tenant, role=Role.objects.get(name="member"))
    return keycloak_ada


@pytest.mark.promise(47)
def test_a_tenants_administrator_connects_only_to_accounts_of_their_tenant(
    town: Town, member: User, refused: str, post: Post, committed: Any
) -> None:
    owner = proven(town.a.owner)
    assert lead_page(refused) in look_up(owner, refused)
    assert owner.get(lead_page(refused)).status_code == 200
    with committed():
        owner.post(lead_page(refused), {"reason": REASON})

    assert set(Identity.objects.values_list("user_id", flat=True)) == {member.pk}
    assert Identity.objects.count() == 2
    assert post.count(ADDRESS) == 1
    assert "connected this identity to the account" in look_up(owner, refused)


@pytest.mark.promise(47)
def test_another_tenants_administrator_finds_nothing_and_learns_nothing(town: Town, member: User, refused: str) -> None:
    """The kind of fault: an answer depends on something that the reader may not know."""
    other = proven(town.b.owner)

    def answers(reference: str) -> list[str]:
        pages = [look_up(other, reference), said(other, other.get(lead_page(reference)))]
        pages.append(said(other, other.post(lead_page(reference), {"reason": REASON})))
        return [re.sub(r'value="[^"]*"', "", page).replace(reference, "") for page in pages]

    before = answers(refused)
    assert before[0] == answers("AAAA-22")[0]
    assert [re.findall(r'class="error">([^<]*)', page) for page in before] == [
        re.findall(r'class="error">([^<]*)', page) for page in answers("AAAA-22")
    ]
    assert Identity.objects.count() == 1
    proven(town.a.owner).post(lead_page(refused), {"reason": REASON})
    assert answers(refused)[0] == before[0], "nor that it was done"


@pytest.mark.promise(47)
def test_nobody_connects_to_an_account_of_two_tenants_or_above_themselves(
    town: Town, member: User, refused: str
) -> None:
    owner = proven(town.a.owner)
    with site_context("a test"):
        Membership.objects.create(user=member, tenant=town.b.tenant, role=Role.objects.get(name="member"))
    assert lead_page(refused) not in look_up(owner, refused)
    assert "Nothing was changed" in said(owner, owner.post(lead_page(refused), {"reason": REASON}))

    with site_context("a test"):
        Membership.objects.filter(user=member, tenant=town.b.tenant).delete()
    User.objects.filter(pk=member.pk).update(is_superuser=True)
    assert "Nothing was changed" in said(owner, owner.post(lead_page(refused), {"reason": REASON}))
    assert Identity.objects.count() == 1


@pytest.mark.promise(47)
def test_rights_are_checked_under_the_lock(town: Town, member: User, refused: str) -> None:
    """Between the page and the click, the person becomes a member of another tenant."""
    with site_context("a test"):
        Membership.objects.create(user=member, tenant=town.b.tenant, role=Role.objects.get(name="member"))
    owner = User.objects.get(pk=town.a.owner.pk)
    owner.active_membership = set_context(owner.pk, town.a.tenant.pk, pinned=None)

    assert obstacle(refused, owner) is Obstacle.NOT_YOURS


def test_the_owner_of_the_address_is_told_about_the_person(refused: str, keycloak_ada: User) -> None:
    entry = Entry.objects.get(action="sign_in.refused")

    assert entry.person == str(keycloak_ada.pk)
    assert (entry.object_table, entry.object_id) == (
        "providers_refusedidentity",
        str(RefusedIdentity.objects.get().pk),
    )


def test_a_refusal_of_a_connected_identity_stores_no_row(
    keycloak_ada: User, browser: Browser, new_browser: Any, administrator: Client
) -> None:
    User.objects.filter(pk=keycloak_ada.pk).update(is_active=False)
    reference = reference_of(new_browser().sign_in("keycloak", "ada"))

    assert not RefusedIdentity.objects.exists()
    page = look_up(administrator, reference)
    assert Identity.objects.get().subject in page
    assert "account_deactivated" in page


def test_an_unverified_refusal_is_found_without_its_claims(
    browser: Browser, providers: Sandbox, administrator: Client
) -> None:
    providers.world.set_fault(Provider.KEYCLOAK, "iss_wrong")
    reference = reference_of(browser.sign_in("keycloak", "ada"))
    page = look_up(administrator, reference)

    assert "issuer_wrong" in page
    assert "What came is not kept" in page
    assert not RefusedIdentity.objects.exists()


def test_connecting_it_oneself_removes_the_refusal(
    browser: Browser, keycloak_ada: User, refused: str, providers: Sandbox
) -> None:
    let_be_proven(browser)
    assert browser.connect("keycloak", "ada-anew").status_code == 302

    assert not RefusedIdentity.objects.exists()


def test_the_claims_are_purged_after_thirty_days(refused: str) -> None:
    RefusedIdentity.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    purge()

    assert not RefusedIdentity.objects.exists()
    assert told("refused_identity.purged") == [{"count": 1, "finished": True}]


def test_only_superusers_see_the_list(town: Town, refused: str, administrator: Client) -> None:
    place = "/admin/providers/refusedidentity/"

    assert refused in administrator.get(place).content.decode()
    row = RefusedIdentity.objects.get()
    assert administrator.get(f"{place}{row.pk}/change/").headers["Location"].endswith(refused)
    assert proven(town.a.owner).get(place).status_code == 403


def test_it_is_linked_from_the_overview_the_trail_and_an_entry(refused: str, administrator: Client, town: Town) -> None:
    entry = Entry.objects.get(action="sign_in.refused")

    assert f'action="{FIND}"' in administrator.get("/admin/").content.decode()
    assert f'action="{FIND}"' in proven(town.a.owner).get("/admin/").content.decode()
    assert FIND in administrator.get("/admin/audit/entry/").content.decode()
    assert f"{FIND}?reference={refused}" in administrator.get(f"/admin/audit/entry/{entry.pk}/change/").content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(28)
def test_of_two_administrators_at_once_one_does_it(browser: Browser, new_browser: Any, providers: Sandbox) -> None:
    browser.sign_in("keycloak", "ada")
    reference = reference_of(new_browser().sign_in("keycloak", made_anew(providers)))
    chiefs = [User.objects.create_superuser(username=name) for name in ("one", "two")]

    def press(chief: User) -> Callable[[], str]:
        def act() -> str:
            try:
                connect_refused(reference, by=chief, reason=REASON)
            except ConnectRefused as refused:
                return refused.obstacle.value
            return "done"

        return act

    assert sorted(together(*map(press, chiefs))) == ["done", "used"]
    assert Identity.objects.count() == 2
    assert len(told("refused_identity.linked")) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(28)
def test_of_an_administrator_and_the_person_who_connects_it_one_does_it(
    browser: Browser, new_browser: Any, providers: Sandbox
) -> None:
    """The person enrols with the identity, whose address has changed, at the same time as it is connected."""
    browser.sign_in("keycloak", "ada")
    reference = reference_of(new_browser().sign_in("keycloak", made_anew(providers)))
    chief = User.objects.create_superuser(username="one")
    providers.add_persona(Persona(key="ada-anew", name="Ada", email="ada@elsewhere.example", domain_owner=True))
    other = new_browser()
    callback = other.callback_url("keycloak", "ada-anew")

    def press() -> str:
        try:
            connect_refused(reference, by=chief, reason=REASON)
        except ConnectRefused as refused:
            return refused.obstacle.value
        return "done"

    pressed, answer = together(press, lambda: str(other.get(callback).status_code))

    assert Identity.objects.count() == 2
    assert (pressed, User.objects.filter(username=None).count()) in {("done", 1), ("gone", 2), ("connected", 2)}
    assert answer == "302"
