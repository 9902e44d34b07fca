"""What providers have to show in Django admin: none of allauth's tables, which stay empty (ADR 1)."""

from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin

for model in (SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(model)
