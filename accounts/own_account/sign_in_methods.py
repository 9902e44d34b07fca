"""A person's identities as the account pages show them."""

from dataclasses import dataclass
from datetime import datetime

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Identity, User
from accounts.sign_in.local import passwords
from accounts.sign_in.provider_names import name_of


@dataclass(frozen=True, kw_only=True)
class ProviderLabel:
    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class SignInMethod:
    identity_id: int
    provider: ProviderLabel
    email: str
    name: str
    connected_at: datetime
    is_current: bool
    can_disconnect: bool

    @property
    def disconnect_url(self) -> str:
        return reverse("disconnect", kwargs={"identity_id": self.identity_id})


def sign_in_methods(request: HttpRequest, user: User) -> list[SignInMethod]:
    """Return the person's sign-in methods, oldest first. ``is_current`` marks the one that opened this session."""
    used = [record["uid"] for record in get_authentication_records(request, user) if "uid" in record]
    identities = Identity.objects.listed(user)
    return [
        SignInMethod(
            identity_id=identity.pk,
            provider=ProviderLabel(id=identity.provider, name=name_of(identity.provider)),
            email=identity.email,
            name=identity.name,
            connected_at=identity.created_at,
            is_current=used[:1] == [str(identity.pk)],  # later records are reauthentications in this session
            can_disconnect=len(identities) > 1 or passwords.may_open(user),
        )
        for identity in identities
    ]
