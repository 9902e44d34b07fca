"""Who may come in for the first time through a provider."""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class SignUpPolicy(models.TextChoices):
    """Who may open an account. Whoever has one already signs in under each policy."""

    OPEN = "open", _("everybody whom the provider knows")
    DOMAINS = "domains", _("people with an address in these domains")
    INVITATION = "invitation", _("people with an invitation")
    CLOSED = "closed", _("nobody")


@dataclass(frozen=True, kw_only=True)
class SignUp:
    """A policy with what it needs: ``domains`` in canonical form, and the role that new people get in the tenant."""

    policy: SignUpPolicy = SignUpPolicy.OPEN
    domains: frozenset[str] = frozenset()
    role_id: int | None = None


EVERYBODY = SignUp()
