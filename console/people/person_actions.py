"""What acts upon a person from their page in the admin have in common: whose they may be, and a reason."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.translation import gettext

from accounts.models import User

LONGEST_REASON = 500  # characters


class PersonActions(admin.ModelAdmin[User]):
    """For whoever may change an account: superusers, and administrators of the one tenant that somebody belongs to."""

    def person_of(self, request: HttpRequest, key: Any) -> User:
        """Return the person of an address. Raises Http404, and PermissionDenied where they are out of reach."""
        person = self.get_object(request, str(key))
        if person is None:
            raise Http404(gettext("There is no such account."))
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        return person


def reason_of(request: HttpRequest) -> str:
    """Return the reason that was sent for an act; nothing where none was, or one that is too long."""
    reason = request.POST.get("reason", "").strip() if request.method == "POST" else ""
    return reason if len(reason) <= LONGEST_REASON else ""
