"""The pages of invitations, in every state that a link can be in and for everybody who can come by it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings

from accounts.models import Invitation, Membership, Role, Tenant, User
from accounts.organizations.invitations import invite
from tenancy import site_context
from tests.browser.states import State
from tests.browser.visitor import NewVisitor, Visitor
from tests.support.invited import link_of

LONG_AGO = datetime.now(UTC) - timedelta(days=8)


def _invited(
    persona: str = "", *, address: str = "ada@example.com", then: Callable[[Invitation], object] = lambda _: None
) -> Callable[[Visitor, NewVisitor], None]:
    """Somebody opens the link of an invitation, as a visitor or signed in; something may have happened to it."""

    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        with site_context("a test"):
            tenant = Tenant.objects.create(name="Analytical Engines & Sons")
            babbage = User.objects.create_user(name="Charles Babbage")
            member, owner = (Role.objects.get(name=name) for name in ("member", "owner"))
            Membership.objects.create(user=babbage, tenant=tenant, role=owner)
        sent = invite(tenant, member, address, babbage)
        path = link_of(sent).path
        if persona:
            visitor.comes_from("keycloak", persona)
        with site_context("a test"):
            then(sent)
        visitor.go(path)

    return arrive


def _over(**changes: Any) -> Callable[[Invitation], object]:
    return lambda sent: Invitation.objects.filter(pk=sent.pk).update(**changes)


def _is_member(sent: Invitation) -> None:
    Membership.objects.create(user=User.objects.get(name="Ada Lovelace"), tenant=sent.tenant, role=sent.role)


def _accepted(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _invited("ada")(visitor, new_visitor)
    visitor.press("Accept the invitation")


def _opening_an_account(visitor: Visitor, new_visitor: NewVisitor) -> None:
    settings.LOCAL_ACCOUNTS = "invited"  # undone with the address of the house
    _invited()(visitor, new_visitor)
    visitor.press("Open an account with this address and a password")


INVITATION_STATES = [
    State(name="invitation-visitor", heading="You are invited to Analytical Engines & Sons", arrive=_invited()),
    State(name="invitation-fresh", heading="Join Analytical Engines & Sons?", arrive=_invited("ada")),
    State(name="invitation-accepted", heading="You belong to Analytical Engines & Sons", arrive=_accepted),
    State(
        name="invitation-member_already",
        heading="You belong to Analytical Engines & Sons already",
        arrive=_invited("ada", then=_is_member),
    ),
    State(
        name="invitation-another_address",
        heading="This invitation is for another address",
        arrive=_invited("grace"),
    ),
    State(
        name="invitation-unverified",
        heading="Your address is not confirmed yet",
        arrive=_invited("linus", address="linus@example.com"),
    ),
    State(
        name="invitation-expired",
        heading="This invitation has expired",
        arrive=_invited(then=_over(expires_at=LONG_AGO)),
    ),
    State(
        name="invitation-used",
        heading="This invitation was used already",
        arrive=_invited(then=_over(accepted_at=LONG_AGO)),
    ),
    State(
        name="invitation-revoked",
        heading="This invitation was taken back",
        arrive=_invited(then=_over(revoked_at=LONG_AGO)),
    ),
    State(
        name="invitation-not_good_any_more",
        heading="This invitation does not hold any more",
        arrive=_invited("ada", then=_over(invited_by=None)),
    ),
    State(
        name="invitation-unknown",
        heading="We do not know this invitation",
        arrive=lambda visitor, _: visitor.go(f"/accounts/invitation/{uuid4()}/unknown/"),
    ),
    State(name="invitation-new_account", heading="Your new account", arrive=_opening_an_account),
]
