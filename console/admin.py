"""Registers all models of the console with Django admin."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin

from console import provider_admin, signing_keys, upstream_issuers
from console.clients import clients, consents, profile_claims, protected_hosts, scopes_and_resources
from console.connections import connections
from console.organizations import claim_rules, domains, invitations, memberships, roles, tenants
from console.people import bulk, groups, identities, users
from console.services import certificates, keys, services
from console.trail import trail
from console.webhooks import deliveries, webhooks

__all__ = [
    "bulk",
    "certificates",
    "claim_rules",
    "clients",
    "connections",
    "consents",
    "deliveries",
    "domains",
    "groups",
    "identities",
    "invitations",
    "keys",
    "memberships",
    "profile_claims",
    "protected_hosts",
    "provider_admin",
    "roles",
    "scopes_and_resources",
    "services",
    "signing_keys",
    "tenants",
    "trail",
    "upstream_issuers",
    "users",
    "webhooks",
]

admin.site.unregister(EmailAddress)  # allauth's table, which stays empty (ADR 2)
admin.site.unregister(Authenticator)  # its form would show secrets and allow to change them
