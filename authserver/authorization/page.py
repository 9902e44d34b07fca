"""The page on which a person decides whether a client may act for them."""

from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.models import Tenant, User
from authserver import scopes
from authserver.authorization import answers, consents, decision
from authserver.authorization.request import AuthorizationRequest
from authserver.clients import redirects
from authserver.protocol.parameters import Parameters
from tenancy import site_context


def consent_page(request: HttpRequest, given: Parameters, wanted: AuthorizationRequest) -> HttpResponse:
    """Return the page: who asks, from where, for which organization, and for what, in plain words."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  # decided
    tenant_id = decision.tenant_of(user, wanted.client)
    names = names_of(tenant_id, wanted.client.tenant_id)
    context = {
        "client": wanted.client,
        "host": host_of(wanted.to.redirect_uri),
        "is_native": redirects.is_native(wanted.to.redirect_uri),
        "asks": asks(user, wanted, tenant_id),
        "is_other_person": wanted.is_for_another(user),
        "organization": names.get(tenant_id),
        "registered_by": names.get(wanted.client.tenant_id),
        "wishes": list(scopes.in_words(wanted.released).values()),
        "resources": wanted.resources,
        "action": f"{reverse('oauth-consent', kwargs={'shown': shown(user, wanted)})}?{given.encoded()}",
        "refuse_url": f"{reverse('oauth-refuse')}?{given.encoded()}",
        "switch_url": f"{reverse('oauth-switch')}?{given.encoded()}",
    }
    response = render(request, "authserver/consent.html", context)
    answers.allow_forms_to(response, wanted.to.redirect_uri)
    return response


def asks(user: User, wanted: AuthorizationRequest, tenant_id: UUID | None) -> bool:
    """Whether the page asks for a consent and shows what it is for. Otherwise the person only goes on."""
    known = consents.find(user, wanted.client, tenant_id)
    return decision.needs_consent(wanted, known) or "consent" in wanted.prompts


def names_of(*tenants: UUID | None) -> dict[UUID | None, str]:
    """Return the names of organizations by their ids."""
    with site_context("the page of a consent names organizations"):
        return {tenant.pk: tenant.name for tenant in Tenant.objects.filter(pk__in=[key for key in tenants if key])}


def shown(user: User, wanted: AuthorizationRequest) -> str:
    """Return a digest of what the page shows, so that an answer counts only for what was read.

    In another tab the person may have switched the organization or the account meanwhile, or stopped the app.
    """
    tenant_id = decision.tenant_of(user, wanted.client)
    is_asked = asks(user, wanted, tenant_id)
    parts = (str(user.pk), wanted.client.client_id, str(tenant_id), wanted.to.redirect_uri, str(is_asked))
    return digest_of_page(*parts, scopes=wanted.released, resources=wanted.resources)


def digest_of_page(*parts: str, scopes: Sequence[str], resources: Sequence[str]) -> str:
    """Return the digest of what a page about scopes and resource servers shows besides."""
    return sha256("\n".join([*parts, *scopes, "", *resources]).encode()).hexdigest()


def host_of(uri: str) -> str:
    """Return where an answer goes, as people read it: the host, or the scheme of an app on the device."""
    parts = urlsplit(uri)
    return parts.netloc.rpartition("@")[2] if parts.scheme in redirects.WEB else parts.scheme
