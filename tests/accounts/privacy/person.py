"""A person with data in every table that can have any, each value with a mark by which a search finds it."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from allauth.mfa.models import Authenticator
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from accounts.mailing import links
from accounts.models import BulkAction, Identity, Invitation, Membership, Purpose, Role, Session, Tenant, User
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from tenancy import site_context

MARK = "lovelace-canary"
ADDRESS = f"ada@{MARK}.example"
WHERE = "203.0.113.77"
BROWSER = f"Browser of {MARK}"
SECRET = "secret-canary"  # tests search for it


@dataclass(frozen=True, kw_only=True)
class Known:
    """The person, another person with data of their own, and a mark for each of them."""

    ada: User
    grace: User
    tenant: Tenant
    session_key: str = field(default_factory=lambda: f"{SECRET.replace('-', '0')}{uuid4().hex}"[:32])


def known() -> Known:
    with site_context("a test fills a life"):
        tenant = Tenant.objects.create(name="Engines")
        ada = User.objects.create_user(name=MARK, email=ADDRESS, email_verified=True, password=f"pass-{SECRET}")
        grace = User.objects.create_user(name="Grace", email="grace@example.com", email_verified=True)
        found = Known(ada=ada, grace=grace, tenant=tenant)
        _fill(found)
    return found


def _fill(found: Known) -> None:
    ada, grace, tenant = found.ada, found.grace, found.tenant
    member = Role.objects.get(name="member", tenant=None)
    for person, name in ((ada, MARK), (grace, "grace")):
        Membership.objects.create(user=person, tenant=tenant, role=member)
        Identity.objects.create(
            user=person, provider="google", issuer="https://issuer", subject=f"subject-{name}",
            email=person.email or "", name=name, claims={"groups": [name]},
        )  # fmt: skip
    tomorrow = timezone.now() + timedelta(days=1)
    Session.objects.create(
        user=ada, session_key=found.session_key, session_data=SECRET, expire_date=tomorrow, ip_address=WHERE,
        user_agent=BROWSER,
    )  # fmt: skip
    Authenticator.objects.create(user=ada, type="totp", data={"secret": SECRET})
    links.make(Purpose.PASSWORD_RESET, email=ADDRESS, lifetime=timedelta(minutes=10), user=ada)
    links.make(Purpose.REGISTRATION, email=ADDRESS.upper(), lifetime=timedelta(minutes=10))
    _invite(tenant, member, ADDRESS, by=grace)
    _invite(tenant, member, "else@example.com", by=ada)
    BulkAction(user=ada, kind="x", targets=[grace.pk]).save()
    ada.groups.add(Group.objects.create(name="Counters"))
    of_users = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=grace, content_type=of_users, object_id=str(ada.pk), object_repr=MARK, action_flag=CHANGE,
        change_message=f'[{{"changed": {{"object": "{MARK}"}}}}]',
    )  # fmt: skip
    User.objects.filter(pk=ada.pk).update(name=f"{MARK} the second")
    _act(found)


def _act(found: Known) -> None:
    ada, grace = found.ada, found.grace
    with acting(actor=Actor(ActorKind.PERSON, str(ada.pk)), ip_address=WHERE, user_agent=BROWSER):
        record(Event.SIGN_IN_SUCCEEDED, person=ada, provider="google")
        record(Event.EMAIL_CHANGE_REFUSED, person=grace, personal={"email": "grace@example.com"})
        User.objects.filter(pk=grace.pk).update(name="Grace, renamed by Ada")
    with acting(actor=Actor(ActorKind.PERSON, str(grace.pk)), ip_address="198.51.100.1", user_agent="Grace's browser"):
        record(Event.INVITATION_SENT, personal={"email": ADDRESS})
        record(Event.SIGN_IN_SUCCEEDED, person=grace, provider="google")
    with acting(
        actor=Actor(ActorKind.PERSON, str(grace.pk)), behind=Actor(ActorKind.PERSON, str(ada.pk)), ip_address=WHERE
    ):
        record(Event.TENANT_SWITCHED, person=grace)
    with acting(ip_address=WHERE, user_agent="a stranger's"):
        record(Event.REGISTRATION_REQUESTED, personal={"email": ADDRESS.upper()})


def _invite(tenant: Tenant, role: Role, address: str, *, by: User) -> Invitation:
    invitation = Invitation(
        tenant=tenant, role=role, email=address, invited_by=by, digest=uuid4().hex,
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    invitation.save()
    return invitation
