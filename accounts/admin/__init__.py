"""People, tenants and what lies between them, in Django admin."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin

from accounts.admin import bulk, claim_rules, groups, identities, invitations, tenants, trail, users, webhooks

__all__ = ["bulk", "claim_rules", "groups", "identities", "invitations", "tenants", "trail", "users", "webhooks"]

admin.site.unregister(EmailAddress)  # allauth's table, which stays empty (ADR 2)
admin.site.unregister(Authenticator)  # secrets, in a form that would write them
