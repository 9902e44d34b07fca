"""Forms that know the user, and other shared parts of the pages of tenants, roles and memberships."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.models import User
from accounts.organizations import delegation
from console.scope import Scoped, actor


class RequestedBy(forms.ModelForm[Any]):
    """A form that knows who submits it. ``PassesActor`` creates a subclass for each request."""

    person: User

    def refuse_above(self, what: Any, *, reason: str) -> None:
        """Record the refusal and raise ValidationError: a form error is a page, so the entry is committed."""
        delegation.record_refusal(self.person, what if what and what.pk else None, reason=reason)
        raise ValidationError(delegation.ABOVE)


class PassesActor(Scoped[Any]):
    """Passes the administrator of the request to its forms, which are ``RequestedBy``."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"person": actor(request)})


def session_to_keep(request: HttpRequest, user: User) -> str | None:
    """Return the key of the current session if the user changes their own account: this session is kept."""
    return request.session.session_key if user.pk == actor(request).pk else None
