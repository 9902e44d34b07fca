"""Invitations: who may send them, to which role, how often, and what the database enforces."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, InvitationState, Membership, Role, Tenant, User
from accounts.organizations import invitations
from accounts.organizations.invitations import (
    InvitationRefusalReason,
    InvitationRefused,
    Link,
    invite,
    load,
    resend,
    revoke,
    sending,
)
from audit.models import Entry
from console.organizations import resending
from jobs.purging import purge
from tenancy import site_context, tenant_context
from tests.support.invited import link_of
from tests.support.proven import proven
from tests.support.together import together
from tests.tenancy.conftest import Side, Town

pytestmark = pytest.mark.django_db

ADDRESS = "ada@example.com"
LIST = "/admin/accounts/invitation/"


@pytest.fixture(autouse=True)
def _nothing_counted_yet() -> None:
    cache.clear()


def role(name: str) -> Role:
    return Role.objects.get(name=name)


def send(side: Side, address: str = ADDRESS, known_as: str = "member") -> Invitation:
    return invite(side.tenant, role(known_as), address, side.owner)


def all_of(side: Side) -> list[Invitation]:
    with site_context("a test looks"):
        return list(Invitation.objects.filter(tenant=side.tenant).order_by("created_at"))


def refused(reason: InvitationRefusalReason) -> Any:
    return pytest.raises(InvitationRefused, match=f"^{reason.value}$")


def make_admin(side: Side) -> User:
    with site_context("a test"):
        Membership.objects.filter(user=side.member).update(role=role("admin"))
    return side.member


def events(action: str) -> list[Entry]:
    return list(Entry.objects.filter(source="event", action=action).order_by("id"))


def test_inviting_again_replaces_the_earlier_invitation(town: Town) -> None:
    send(town.a)
    send(town.a, "ADA@Example.com", "admin")
    send(town.b)

    first, second = all_of(town.a)
    assert (first.state, second.state) == (InvitationState.REVOKED, InvitationState.OPEN)
    assert (second.email, second.role.name) == (ADDRESS, "admin")
    assert [invitation.state for invitation in all_of(town.b)] == [InvitationState.OPEN]
    assert [entry.details for entry in events("invitation.revoked")] == [{"replaced": True}]


def test_an_invitation_has_the_configured_lifetime_and_stores_only_a_digest(town: Town, settings: Any) -> None:
    settings.INVITATION_LIFETIME = timedelta(days=2)
    sent = send(town.a)

    assert sent.expires_at - sent.sent_at == timedelta(days=2)
    assert len(sent.digest) == 64
    (created,) = Entry.objects.filter(object_table="accounts_invitation", action="create")
    assert created.after is not None
    assert (created.after["digest"], created.after["email"]) == ("(secret)", "(personal)")
    assert created.tenant_id == str(town.a.tenant.pk)


@pytest.mark.promise(47)
def test_nobody_sends_resends_or_revokes_an_invitation_to_a_role_above_their_own(town: Town) -> None:
    admin = make_admin(town.a)
    sent = send(town.a, known_as="owner")
    attempts: list[Callable[[], object]] = [
        lambda: invite(town.a.tenant, role("owner"), "else@example.com", admin),
        lambda: resend(sent, admin),
        lambda: revoke(sent, admin),
    ]
    for attempt in attempts:
        with refused(InvitationRefusalReason.ROLE_ABOVE_INVITER):
            attempt()

    assert [invitation.state for invitation in all_of(town.a)] == [InvitationState.OPEN]
    assert invite(town.a.tenant, role("admin"), "else@example.com", admin).invited_by == admin


def test_people_without_the_permission_cannot_invite(town: Town) -> None:
    staff = User.objects.create_user(name="Staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="add_invitation"))
    inactive = User.objects.create_superuser(username="former", is_active=False)
    for nobody in (town.a.member, town.b.owner, town.both, inactive):
        with refused(InvitationRefusalReason.INVITER_WITHOUT_RIGHT):
            invite(town.a.tenant, role("member"), ADDRESS, nobody)
    with refused(InvitationRefusalReason.ROLE_ABOVE_INVITER):
        invite(town.a.tenant, role("member"), ADDRESS, staff)

    assert all_of(town.a) == []


def test_a_superuser_invites_to_any_tenant_and_any_role_that_fits_it(town: Town) -> None:
    root = User.objects.create_superuser(username="root")
    invite(town.a.tenant, role("owner"), ADDRESS, root)
    with refused(InvitationRefusalReason.ROLE_ABOVE_INVITER), site_context("a test"):
        invite(town.a.tenant, town.b.role, ADDRESS, root)

    assert [invitation.role.name for invitation in all_of(town.a)] == ["owner"]


@pytest.mark.parametrize(
    "address", ["", "ada", "ada@", "a b@example.com", "a@example.com\nBcc: b@example.com", "x" * 255]
)
def test_an_invalid_address_is_not_invited(town: Town, address: str) -> None:
    with pytest.raises(ValidationError):
        send(town.a, address)

    assert all_of(town.a) == []


def test_a_lookalike_address_cannot_accept(town: Town) -> None:
    sent = send(town.a, "mike@example.com")
    lookalike = User.objects.create_user(
        name="Mi", email="m\N{LATIN SMALL LETTER DOTLESS I}ke@example.com", email_verified=True
    )

    with refused(InvitationRefusalReason.FOREIGN_EMAIL):
        invitations.accept(link_of(sent), lookalike)


def test_the_repr_of_a_link_hides_its_secret() -> None:
    link = Link(tenant_id=Tenant(name="x").pk)

    assert link.secret not in repr(link)
    assert len(link.secret) == 43


def test_a_link_is_worthless_in_another_tenant(town: Town) -> None:
    link = link_of(send(town.a))
    assert load(link, None)[0].tenant_id == town.a.tenant.pk

    with refused(InvitationRefusalReason.UNKNOWN):
        load(Link(tenant_id=town.b.tenant.pk, secret=link.secret), None)


def test_a_decided_invitation_is_refused_and_nothing_is_written(town: Town) -> None:
    sent = send(town.a)
    revoke(sent, town.a.owner)
    with refused(InvitationRefusalReason.REVOKED):
        resend(sent, town.a.owner)
    with refused(InvitationRefusalReason.REVOKED):
        revoke(sent, town.a.owner)
    with site_context("a test"):
        Invitation.objects.all().delete()
    with refused(InvitationRefusalReason.UNKNOWN):
        resend(sent, town.a.owner)


def test_resending_renews_an_expired_invitation_and_changes_its_inviter(town: Town) -> None:
    sent = send(town.a)
    digest = sent.digest
    with site_context("a test"):
        Invitation.objects.update(expires_at=timezone.now() - timedelta(days=3))
        Membership.objects.filter(user=town.a.owner).update(role=role("member"))
    with refused(InvitationRefusalReason.INVITER_WITHOUT_RIGHT):
        resend(sent, town.a.owner)
    admin = make_admin(town.a)
    resend(sent, admin)

    (now,) = all_of(town.a)
    assert (now.state, now.invited_by) == (InvitationState.OPEN, admin)
    assert now.digest != digest


def test_mails_are_limited_per_tenant_and_day_and_per_invitation_and_hour(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_A_DAY", 5)
    sent = send(town.a)
    for _ in range(sending.MOST_REPEATED):
        resend(sent, town.a.owner)
    with refused(InvitationRefusalReason.TOO_OFTEN):
        resend(sent, town.a.owner)
    send(town.a, "else@example.com")
    with refused(InvitationRefusalReason.TOO_MANY):
        send(town.a, "third@example.com")
    send(town.b)

    assert len(all_of(town.a)) == 2
    assert len(events("rate_limit.exceeded")) == 2


def test_without_mail_nobody_is_invited(town: Town, settings: Any) -> None:
    settings.CAN_SEND_MAIL = False
    with refused(InvitationRefusalReason.NO_MAIL):
        send(town.a)

    assert all_of(town.a) == []


@pytest.mark.promise(73)
def test_the_database_confines_invitations_to_their_tenant_and_its_roles(town: Town) -> None:
    sent = send(town.a)
    assert not QuerySet(Invitation).exists()
    with tenant_context(town.b.tenant.pk):
        assert not QuerySet(Invitation).exists()
        assert QuerySet(Invitation).update(accepted_at=timezone.now()) == 0
    with tenant_context(town.a.tenant.pk):
        for change in ({"role_id": town.b.role.pk}, {"tenant_id": town.b.tenant.pk}):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                QuerySet(Invitation).filter(pk=sent.pk).update(**change)
        stolen = Invitation(tenant=town.a.tenant, role_id=town.b.role.pk, email="x@example.com", digest="x")
        stolen.expires_at = timezone.now()
        with pytest.raises(DatabaseError, match="role_fits"), transaction.atomic():
            stolen.save(force_insert=True)
        with pytest.raises(IntegrityError, match="decided_once"), transaction.atomic():
            QuerySet(Invitation).update(accepted_at=timezone.now(), revoked_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_of_two_concurrent_invitations_of_one_address_one_stays_open(town: Town) -> None:
    together(*[lambda: send(town.a)] * 4)

    states = sorted(invitation.state.value for invitation in all_of(town.a))
    assert states == ["open", "revoked", "revoked", "revoked"]


def test_deleting_an_account_clears_it_from_its_invitations_in_every_tenant(town: Town) -> None:
    sent = send(town.a)
    with site_context("a test"):
        Invitation.objects.filter(pk=sent.pk).update(accepted_by=town.both, accepted_at=timezone.now())
    town.a.owner.delete()
    town.both.delete()

    (now,) = all_of(town.a)
    assert (now.invited_by, now.accepted_by) == (None, None)


def test_an_invitation_is_deleted_with_its_role_and_with_its_tenant(town: Town) -> None:
    invite(town.a.tenant, town.a.role, ADDRESS, town.a.owner)
    with tenant_context(town.a.tenant.pk):
        town.a.role.delete()
    assert all_of(town.a) == []

    send(town.b)
    with site_context("a test"):
        Membership.objects.filter(tenant=town.b.tenant).delete()
        QuerySet(Tenant).get(pk=town.b.tenant.pk).delete()
    assert all_of(town.b) == []


@pytest.mark.promise(77)
def test_invitations_are_purged_thirty_days_after_they_expire(town: Town) -> None:
    old, younger = send(town.a), send(town.b)
    with site_context("a test"):
        Invitation.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=31))
        Invitation.objects.filter(pk=younger.pk).update(expires_at=timezone.now() - timedelta(days=29))

    for expected in (1, 0):
        assert [one.count for one in purge() or () if one.table == "accounts_invitation"] == [expected]
    assert (all_of(town.a), len(all_of(town.b))) == ([], 1)
    assert [entry.details for entry in events("invitation.purged")] == [{"count": 1, "finished": True}]
    (gone,) = Entry.objects.filter(object_table="accounts_invitation", action="delete")
    assert (gone.actor_kind, gone.actor_id) == ("job", "purge")


# In the admin


def browser(user: User) -> Client:
    client = Client()
    proven(user, client)
    return client


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_manager_invites_to_their_tenant_and_sees_the_outcome(town: Town) -> None:
    client = browser(make_admin(town.a))
    form = client.get(f"{LIST}add/")
    assert 'name="tenant"' not in text(form)
    assert ">admin<" in text(form)
    assert ">owner<" not in text(form)
    filled_in = {"role": role("member").pk, "email": "Ada@Example.com", "tenant": town.b.tenant.pk}
    assert client.post(f"{LIST}add/", filled_in).status_code == 302

    (sent,) = all_of(town.a)
    assert (sent.email, sent.invited_by, all_of(town.b)) == (ADDRESS, town.a.member, [])
    page = text(client.get(f"{LIST}{sent.pk}/change/"))
    assert ADDRESS in page
    assert "Send again" in page
    assert 'name="_save"' not in page
    assert sent.digest not in page
    assert ADDRESS in text(client.get(LIST, {"state": "open", "q": "ADA"}))
    for state in ("expired", "accepted", "revoked"):
        assert ADDRESS not in text(client.get(LIST, {"state": state}))


@pytest.mark.promise(47)
def test_a_crafted_form_for_a_role_above_is_refused_and_recorded(town: Town) -> None:
    client = browser(make_admin(town.a))
    answer = client.post(f"{LIST}add/", {"role": role("owner").pk, "email": ADDRESS})

    assert "above what you may do yourself" in text(answer)
    assert all_of(town.a) == []
    (entry,) = events("invitation.refused")
    assert (entry.details, entry.tenant_id, entry.actor_id) == (
        {"reason": "role_above_inviter"},
        str(town.a.tenant.pk),
        str(town.a.member.pk),
    )


def test_a_role_of_another_tenant_is_not_offered(town: Town) -> None:
    answer = browser(town.a.owner).post(f"{LIST}add/", {"role": town.b.role.pk, "email": ADDRESS})

    assert "Select a valid choice" in text(answer)
    assert all_of(town.a) == []


def test_a_superuser_chooses_the_tenant_and_is_told_if_the_role_does_not_fit(town: Town) -> None:
    client = browser(User.objects.create_superuser(username="root"))
    assert client.get(f"{LIST}add/").status_code == 200
    wrong = {"tenant": town.a.tenant.pk, "role": town.b.role.pk, "email": ADDRESS}
    assert "belongs to another tenant" in text(client.post(f"{LIST}add/", wrong))
    assert client.post(f"{LIST}add/", wrong | {"role": role("owner").pk}).status_code == 302

    assert [invitation.role.name for invitation in all_of(town.a)] == ["owner"]
    assert "Abbey" in text(client.get(LIST))


def test_resending_and_revoking_are_confirmed_by_get_and_done_by_post(town: Town) -> None:
    client = browser(town.a.owner)
    sent = send(town.a)
    page = f"{LIST}{sent.pk}"
    for act in ("resend", "revoke"):
        asked = client.get(f"{page}/{act}/")
        assert asked.status_code == 200
        assert "<form method=" in text(asked)
    (now,) = all_of(town.a)
    assert (now.digest, now.state) == (sent.digest, InvitationState.OPEN)

    assert client.post(f"{page}/resend/").status_code == 302
    assert all_of(town.a)[0].digest != sent.digest
    assert client.post(f"{page}/revoke/").status_code == 302
    assert all_of(town.a)[0].state is InvitationState.REVOKED
    assert "revoked meanwhile" in text(client.post(f"{page}/revoke/", follow=True))
    assert len(events("invitation.resent")) == len(events("invitation.revoked")) == 1
    assert "Send again" not in text(client.get(f"{page}/change/"))


def test_many_invitations_are_resent_after_a_preview(town: Town) -> None:
    client = browser(town.a.owner)
    waiting = [send(town.a, f"{name}@example.com") for name in ("ada", "grace", "linus")]
    accepted, theirs = send(town.a, "vera@example.com"), send(town.b, "zoe@example.com")
    with site_context("a test"):
        Invitation.objects.filter(pk=accepted.pk).update(accepted_at=timezone.now())
        Invitation.objects.filter(pk=waiting[2].pk).update(expires_at=timezone.now())
    chosen = {"action": "resend_chosen", "_selected_action": [one.pk for one in [*waiting, accepted, theirs]]}

    shown = text(client.post(LIST, {**chosen, "index": "0"}))
    assert "Send these invitations again?" in shown
    assert [name in shown for name in ("ada@", "grace@", "linus@", "vera@", "zoe@")] == [True] * 3 + [False] * 2
    assert events("invitation.resent") == []

    done = text(client.post(LIST, {**chosen, "post": "yes"}, follow=True))
    assert "3 invitations were sent again." in done
    assert {entry.object_id for entry in events("invitation.resent")} == {str(one.pk) for one in waiting}
    digests = {one.pk: one.digest for one in [*waiting, accepted, theirs]}
    now = {one.pk: one.digest for one in [*all_of(town.a), *all_of(town.b)]}
    assert {pk for pk, digest in digests.items() if now[pk] != digest} == {one.pk for one in waiting}


def test_of_many_invitations_those_that_are_refused_are_listed_and_the_others_are_sent(town: Town) -> None:
    client = browser(make_admin(town.a))
    beneath, above = send(town.a), send(town.a, "grace@example.com", known_as="owner")
    chosen = {"action": "resend_chosen", "_selected_action": [beneath.pk, above.pk], "post": "yes"}
    done = text(client.post(LIST, chosen, follow=True))

    assert "1 invitation was sent again." in done
    assert "above what you may do yourself" in done
    assert [entry.details for entry in events("invitation.refused")] == [{"reason": "role_above_inviter"}]
    assert {one.pk for one in all_of(town.a) if one.invited_by_id == town.a.member.pk} == {beneath.pk}


def test_resending_without_pending_invitations_sends_none_and_has_a_limit(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser(town.a.owner)
    sent = [send(town.a), send(town.a, "grace@example.com")]
    chosen = {"action": "resend_chosen", "_selected_action": [one.pk for one in sent], "post": "yes"}
    monkeypatch.setattr(resending, "MOST", 1)
    assert "choose at most 1" in text(client.post(LIST, chosen, follow=True))
    for one in sent:
        revoke(one, town.a.owner)
    assert "None of these waits" in text(client.post(LIST, chosen, follow=True))
    assert events("invitation.resent") == []


@pytest.mark.promise(46)
def test_an_invitation_of_another_tenant_cannot_be_managed_by_its_id(town: Town) -> None:
    """Keycloak #47135: a manager of one organization could manage invitations of another one by their ids."""
    theirs = send(town.b)
    client = browser(town.a.owner)
    for path in ("change/", "resend/", "revoke/", "delete/", "history/"):
        for ask in (client.get, client.post):
            answer = ask(f"{LIST}{theirs.pk}/{path}", follow=True)
            assert ADDRESS not in text(answer), path
            assert answer.status_code in {200, 403, 404}
    assert ADDRESS not in text(client.get(LIST, {"q": ADDRESS[:6]}))

    (now,) = all_of(town.b)
    assert (now.state, now.digest) == (InvitationState.OPEN, theirs.digest)


def test_nobody_edits_or_deletes_a_decided_invitation(town: Town) -> None:
    sent = send(town.a)
    for client in (browser(town.a.owner), browser(User.objects.create_superuser(username="root"))):
        assert client.post(f"{LIST}{sent.pk}/change/", {"email": "else@example.com"}).status_code == 403
        assert client.post(f"{LIST}{sent.pk}/delete/", {"post": "yes"}).status_code == 403

    (now,) = all_of(town.a)
    assert now.email == ADDRESS


def test_a_role_with_open_invitations_can_be_deleted_in_the_admin(town: Town) -> None:
    invite(town.a.tenant, town.a.role, ADDRESS, town.a.owner)
    deleted = browser(town.a.owner).post(f"/admin/accounts/role/{town.a.role.pk}/delete/", {"post": "yes"})

    assert deleted.status_code == 302
    assert all_of(town.a) == []


def test_members_and_strangers_find_no_invitations_in_the_admin(town: Town) -> None:
    sent = send(town.a)
    for user in (town.a.member, User.objects.create_user(name="Stranger", is_staff=True)):
        client = browser(user)
        for path in (LIST, f"{LIST}add/", f"{LIST}{sent.pk}/change/", f"{LIST}{sent.pk}/resend/"):
            answer = client.get(path, follow=True)
            assert ADDRESS not in text(answer)
            assert client.post(path).status_code in {302, 403, 404}

    assert len(all_of(town.a)) == 1


def test_the_admin_says_when_there_are_too_many_invitations(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "MOST_A_DAY", 0)
    answer = browser(town.a.owner).post(f"{LIST}add/", {"role": role("member").pk, "email": ADDRESS}, follow=True)

    assert "as many invitations as it may" in text(answer)
    assert all_of(town.a) == []
    assert [entry.details for entry in events("invitation.refused")] == [{"reason": "too_many"}]
