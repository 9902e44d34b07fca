"""People, tenants and what lies between them, in Django admin."""

from allauth.account.models import EmailAddress
from django.contrib import admin

from accounts.admin import claim_rules, identities, invitations, tenants, trail, users

__all__ = ["claim_rules", "identities", "invitations", "tenants", "trail", "users"]

admin.site.unregister(EmailAddress)  # allauth's table, which stays empty (ADR 2)
