"""The page behind an invitation's link. Visitors sign in first; people who are signed in accept there."""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.mailing import mail
from accounts.models import Invitation, User
from accounts.organizations import invitations, own_organizations
from accounts.organizations.invitations import InvitationRefusalReason, InvitationRefused, Link, Welcome
from accounts.sessions import closing
from accounts.sessions.signed_in import redirect_to_reauthenticate
from accounts.sign_in import rate_limits
from accounts.sign_in.local import registration
from accounts.sign_in.local import views as local_pages
from audit.context import Actor, ActorKind, acting
from foundation.next_page import query
from foundation.post_only import post_only
from foundation.references import new_reference
from providers import registry
from providers.buttons import buttons, page_with_buttons
from providers.page_texts import PageText

VIEW_LIMIT = rate_limits.Limit(kind="invitation_looked_at", most=60, seconds=60)  # for each client

RETRY_LIMIT = _("Ask whoever invited you to send you another one.")


@dataclass(frozen=True, kw_only=True)
class InvitationClosed(PageText):
    """The page of an invitation that is refused."""

    can_come_as_another: bool = False


GONE = InvitationClosed(
    status=404,
    heading=_("We do not know this invitation"),
    happened=_("The link may be incomplete, or a newer one was sent to you since."),
    advice=_(
        "Open the link of the newest mail once more, all of it. If that does not help, ask for another invitation."
    ),
)
NO_LONGER_GOOD = InvitationClosed(
    status=410,
    heading=_("This invitation does not hold any more"),
    happened=_("Whoever invited you may no longer invite people, or not to this role."),
    advice=_("Ask the organization for another invitation, and give them the reference below."),
)
CLOSED = {
    InvitationRefusalReason.UNKNOWN: GONE,
    InvitationRefusalReason.EXPIRED: InvitationClosed(
        status=410,
        heading=_("This invitation has expired"),
        happened=_("Its time was over before it was accepted."),
        advice=RETRY_LIMIT,
    ),
    InvitationRefusalReason.USED: InvitationClosed(
        status=410,
        heading=_("This invitation was used already"),
        happened=_("An invitation lets one account in, once."),
        advice=_(
            "If it was you, you are in: sign in with the account that you accepted it with. If not, ask for another."
        ),
    ),
    InvitationRefusalReason.REVOKED: InvitationClosed(
        status=410,
        heading=_("This invitation was taken back"),
        happened=_("It was withdrawn, or a newer one took its place."),
        advice=_("Look for a newer mail. If there is none, ask whoever invited you."),
    ),
    InvitationRefusalReason.FOREIGN_EMAIL: InvitationClosed(
        status=403,
        heading=_("This invitation is for another address"),
        happened=_("The account that you are signed in to does not have the address that was invited."),
        advice=_("Each of these works:"),
        can_come_as_another=True,
    ),
    InvitationRefusalReason.UNVERIFIED_EMAIL: InvitationClosed(
        status=403,
        heading=_("Your address is not confirmed yet"),
        happened=_(
            "Your account has the invited address, but nobody whose word we take has confirmed that it is yours."
        ),
        advice=_("Each of these works:"),
        can_come_as_another=True,
    ),
    InvitationRefusalReason.INVITER_WITHOUT_RIGHT: NO_LONGER_GOOD,
    InvitationRefusalReason.ROLE_ABOVE_INVITER: NO_LONGER_GOOD,
}


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, tenant_id: UUID, secret: str) -> HttpResponseBase:
    """GET shows the invitation and changes nothing, because mail filters open every link. POST accepts it."""
    link = Link(tenant_id=tenant_id, secret=secret)
    if rate_limits.is_over(VIEW_LIMIT):
        return rate_limits.too_many_requests(VIEW_LIMIT)
    person = request.user if isinstance(request.user, User) else None
    try:
        if person is not None and person.pinned_tenant is not None:
            return redirect_to_reauthenticate(request)
        if request.method == "POST" and person is not None:
            return _accept(request, link, person)
        found, welcome = invitations.load(link, person)
    except InvitationRefused as refused:
        return _refuse(request, link, refused, person)
    if person is None:
        return _for_a_visitor(request, link, found)
    context = {**_facts(found), "action": link.path, "welcome": welcome.value}
    return render(request, "accounts/invitation.html", context)


@post_only("invitation", keeps=("tenant_id", "secret"))
def switch_account(request: HttpRequest, tenant_id: UUID, secret: str) -> HttpResponse:
    """Sign out and show the invitation to a visitor, with buttons that let them choose another account."""
    closing.close_session(request)
    return redirect(Link(tenant_id=tenant_id, secret=secret).path + query("", stay=False, another=True))


@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, tenant_id: UUID, secret: str) -> HttpResponseBase:
    """Open a local account with the invited address, which the link has verified, and accept with it."""
    link = Link(tenant_id=tenant_id, secret=secret)
    if not registration.is_on():
        raise Http404
    if rate_limits.is_over(VIEW_LIMIT):
        return rate_limits.too_many_requests(VIEW_LIMIT)
    if request.user.is_authenticated:
        return redirect(link.path)
    try:
        found, _welcome = invitations.load(link, None)
        return local_pages.choose(request, found.email, opened=lambda user: _join(link, user), next_url=link.path)
    except InvitationRefused as refused:
        return _refuse(request, link, refused, None)


def _join(link: Link, user: User) -> None:
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))):
        invitations.accept(link, user)


def _accept(request: HttpRequest, link: Link, person: User) -> HttpResponse:
    """Accept the invitation and switch to its organization. If the button is pressed twice, that is no error."""
    try:
        invitations.accept(link, person, keep=request.session.session_key)
    except InvitationRefused as refused:
        if (
            refused.reason is not InvitationRefusalReason.USED
            or invitations.load(link, person)[1] is not Welcome.JOINED
        ):
            raise
        invitations.record_refusal(refused, user=person)
    own_organizations.switch(request, person, link.tenant_id)
    return redirect(link.path)


def _for_a_visitor(request: HttpRequest, link: Link, found: Invitation) -> HttpResponse:
    among = [*registry.listed(), *registry.of_tenant(link.tenant_id)]
    offered = buttons(request, next_url=link.path, among=among)
    context = {
        **_facts(found),
        "providers": offered,
        "has_local_accounts": registration.is_on(),
        "next_query": urlencode({"next": link.path}),
        "new_account_url": _url("invitation-register", link),
    }
    return page_with_buttons(request, "accounts/invitation_visitor.html", context, offered)


def _refuse(request: HttpRequest, link: Link, refused: InvitationRefused, person: User | None) -> HttpResponse:
    """Record a refusal and return a page that names neither the organization nor an email address."""
    if not rate_limits.may_leave_entry():
        return rate_limits.too_many_requests(rate_limits.REFUSALS)
    reference = new_reference()
    invitations.record_refusal(refused, user=person, reference=reference)
    closed = CLOSED[refused.reason]
    context = {
        **closed.context(),
        "reference": reference,
        "as_another_url": _url("invitation-switch-account", link) if closed.can_come_as_another else "",
        "is_unconfirmed": refused.reason is InvitationRefusalReason.UNVERIFIED_EMAIL,
        "can_confirm_here": mail.is_configured(),
        "has_local_accounts": registration.is_on(),
    }
    return render(request, "accounts/invitation_closed.html", context, status=closed.status)


def _url(name: str, link: Link) -> str:
    return reverse(name, kwargs={"tenant_id": link.tenant_id, "secret": link.secret})


def _facts(found: Invitation) -> dict[str, object]:
    return {
        "organization": found.tenant.name,
        "role": found.role.name,
        "inviter": found.invited_by.name if found.invited_by else "",
        "email": masked(found.email),
        "expires_at": found.expires_at,
    }


def masked(email: str) -> str:
    """Return enough of an address for its owner to recognise it, but too little to write to it."""
    name, _at, domain = email.rpartition("@")
    return f"{name[:1]}…@{domain}"
