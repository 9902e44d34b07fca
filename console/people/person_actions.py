"""Shared parts of the acts on a person in the admin: who may perform them, and a reason."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.translation import gettext

from accounts.models import User

LONGEST_REASON = 500  # characters


class PersonActions(admin.ModelAdmin[User]):
    """For users who may change the account: superusers, and administrators of the only tenant that it belongs to."""

    def person_of(self, request: HttpRequest, key: Any) -> User:
        """Return the person with the id in the URL. Raises Http404, or PermissionDenied if they are out of reach."""
        person = self.get_object(request, str(key))
        if person is None:
            raise Http404(gettext("There is no such account."))
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        return person


def reason_of(request: HttpRequest) -> str:
    """Return the posted reason for an act, or "" if there is none or it is too long."""
    reason = request.POST.get("reason", "").strip() if request.method == "POST" else ""
    return reason if len(reason) <= LONGEST_REASON else ""
