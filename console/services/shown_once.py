"""The page that shows a new key of a service this once."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from authserver.services.issuing import NewKey


def key_page(model_admin: admin.ModelAdmin[Any], request: HttpRequest, new: NewKey) -> HttpResponse:
    """Show the key in the response itself: a message would be stored in the session until the next page."""
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("The new key"),
        "key": new.text,
        "page": reverse("admin:authserver_apikey_changelist"),
    }
    return TemplateResponse(request, "admin/authserver/apikey/shown.html", context)
