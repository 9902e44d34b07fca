"""Who may come in through a connection for the first time, and what they become a member of (ADR 72).

Whoever has an account signs in under each policy. A tenant's connection makes new people members of that tenant, in the
role that its administrator chose, and of no other.
"""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from accounts.models import Membership, Role, Tenant
from accounts.organizations import invitations, memberships
from accounts.organizations.invitations import InvitationRefused, Link
from audit.context import Actor, ActorKind
from foundation.canonical_email import canonical_or_none, domain_of
from providers.base import Provider
from providers.identity import ExternalIdentity
from providers.linking import Linked, LinkingDecision
from providers.refusal import RefusalReason, SignInRefused
from providers.sign_up import SignUpPolicy
from tenancy import tenant_context

FIRST_TIME = frozenset({LinkingDecision.ENROL, LinkingDecision.CONNECT})


def admit(
    request: HttpRequest, provider: Provider, external: ExternalIdentity, linked: Linked, *, next_url: str
) -> None:
    """Admit a person whose identity was linked just now, in the transaction that linked it. Raises SignInRefused.

    ``next_url`` may be the link of an invitation. An account that exists already needs no admission to the site, but
    one to the tenant if the connection is a tenant's and the person is no member.
    """
    if linked.decision not in FIRST_TIME:
        return
    if provider.tenant_id is None:
        if linked.decision is LinkingDecision.ENROL:
            check(provider, external, next_url=next_url)
        return
    with tenant_context(provider.tenant_id, actor=Actor(ActorKind.SERVICE, provider.id)):
        if Membership.objects.filter(user=linked.user).exists():
            return
        check(provider, external, next_url=next_url)
        assert provider.sign_up.role_id is not None  # noqa: S101  # the table requires it of a tenant's connection
        tenant, role = Tenant.objects.get(), Role.objects.get(pk=provider.sign_up.role_id)
        if linked.decision is LinkingDecision.ENROL:
            memberships.add_new_account(linked.user, tenant, role)
        else:
            memberships.add(linked.user, tenant, role, keep=request.session.session_key)


def check(provider: Provider, external: ExternalIdentity, *, next_url: str) -> None:
    """Raise SignInRefused unless the provider's policy admits a person who was not here before.

    A tenant's provider may assert any address: it decides only about its own tenant by that.
    """
    policy = provider.sign_up.policy
    email = external.email if external.email_verified or provider.tenant_id is not None else ""
    if policy is SignUpPolicy.CLOSED:
        raise SignInRefused(RefusalReason.SIGN_UP_CLOSED, "the connection admits nobody new")
    if policy is SignUpPolicy.DOMAINS and domain_of(email) not in provider.sign_up.domains:
        raise SignInRefused(RefusalReason.SIGN_UP_OF_OTHER_DOMAINS, "no address in a domain that is admitted")
    if policy is SignUpPolicy.INVITATION and not _is_invited(provider, email, next_url):
        raise SignInRefused(RefusalReason.SIGN_UP_BY_INVITATION, "no open invitation of this address")


def _is_invited(provider: Provider, email: str, next_url: str) -> bool:
    """Whether an address comes by its own open invitation, for a tenant's connection by one of that tenant."""
    try:
        found = resolve(urlsplit(next_url).path)
    except Resolver404:
        return False
    if found.url_name != "invitation" or provider.tenant_id not in {None, found.kwargs["tenant_id"]}:
        return False
    try:
        invitation, _welcome = invitations.load(Link(**found.kwargs), None)
    except InvitationRefused:
        return False
    return invitation.canonical_email == canonical_or_none(email)
