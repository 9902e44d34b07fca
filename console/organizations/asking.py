"""Forms that know who fills them in, and what is common to the pages of tenants, roles and memberships."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.models import User
from accounts.organizations import delegation
from console.scope import Scoped, actor


class RequestedBy(forms.ModelForm[Any]):
    """A form that knows who fills it in: the admin gives each request a class of its own."""

    person: User

    def refuse_above(self, what: Any, *, reason: str) -> None:
        """Say no on the page and in the trail. Raises ValidationError."""
        delegation.record_refusal(self.person, what if what and what.pk else None, reason=reason)
        raise ValidationError(delegation.ABOVE)


class ReauthenticatedForm(Scoped[Any]):
    """Gives its forms the person who fills them in."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"person": actor(request)})


def session_to_keep(request: HttpRequest, user: User) -> str | None:
    """Whoever changes what they are themselves keeps the session in which they do it."""
    return request.session.session_key if user.pk == actor(request).pk else None
