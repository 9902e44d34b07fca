"""What is refused while a form is saved although the form was valid, because somebody else was faster."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseRedirect

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object


class ShowsLateRefusals(Base):
    """A ModelAdmin whose acts may raise ValidationError: nothing is saved, and the page says why."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ValidationError as refused:
            return self._refused(request, refused)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except ValidationError as refused:
            return self._refused(request, refused)

    def _refused(self, request: HttpRequest, refused: ValidationError) -> HttpResponseRedirect:
        for message in refused.messages:
            self.message_user(request, message, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())
