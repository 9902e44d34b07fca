"""Reauthentication before dangerous acts in the admin."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponseBase

from accounts.sign_in.reauthentication import gate

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object


def redirect_to_reauthenticate(request: HttpRequest, *, back_to: str) -> HttpResponseBase | None:
    """Return a redirect to the reauthentication page, or None if the user has recently reauthenticated.

    ``back_to`` is the URL of this site to which they return, by GET. All acts in the admin use this function.
    """
    return None if gate.is_reauthenticated(request) else gate.redirect_to_reauthenticate(request, next=back_to)


class ReauthenticationFirst(Base):
    """A ModelAdmin for models that grant power or determine how people sign in. Writing requires reauthentication.

    Viewing does not. Users without the permission to write are not asked, as Django refuses them.
    """

    dangerous_actions: ClassVar[frozenset[str]] = frozenset({"delete_selected"})  # of the list

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        reauthentication = self._require_reauthentication(request) if self.has_add_permission(request) else None
        return reauthentication or super().add_view(request, *args, **kwargs)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        is_posted = request.method == "POST" and self._may_write(request, object_id, self.has_change_permission)
        reauthentication = self._require_reauthentication(request) if is_posted else None
        return reauthentication or super().change_view(request, object_id, *args, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        reauthentication = (
            self._require_reauthentication(request)
            if self._may_write(request, object_id, self.has_delete_permission)
            else None
        )
        return reauthentication or super().delete_view(request, object_id, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        chosen = set(request.POST.getlist("action")) & self.dangerous_actions
        reauthentication = (
            self._require_reauthentication(request) if chosen & self.get_actions(request).keys() else None
        )
        return reauthentication or super().changelist_view(request, *args, **kwargs)

    def _may_write(self, request: HttpRequest, object_id: str, has_permission: Any) -> bool:
        found = self.get_object(request, unquote(object_id))
        return found is not None and bool(has_permission(request, found))

    def _require_reauthentication(self, request: HttpRequest) -> HttpResponseBase | None:
        return redirect_to_reauthenticate(request, back_to=request.get_full_path())
