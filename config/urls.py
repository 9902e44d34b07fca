"""The URLs of the site."""

from typing import cast

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView

from api import explain_pages
from api.forward.answers import forward
from api.forward.pages import admission
from api.pages import documentation, problem
from api.service import api
from console.site import Site

admin.site.site_header = admin.site.site_title = settings.SITE_NAME
admin.site.index_title = _("Overview")
site = cast("Site", admin.site)
site.add_page("accounts/user/<uuid:key>/explain/", explain_pages.explain_person, "explain_person")
site.add_page("authserver/serviceaccount/<uuid:key>/explain/", explain_pages.explain_service, "explain_service")
site.add_page("authserver/client/<uuid:key>/explain/", explain_pages.explain_client, "explain_client")

handler400 = "config.middleware.bad_request"
handler500 = "config.middleware.server_error"

urlpatterns = [
    path(
        "", include("authserver.urls")
    ),  # first, then the API: programs ask all the time, and patterns are tried in turn
    path("api/", api.urls),
    path("", RedirectView.as_view(pattern_name="account")),
    path("accounts/", include("accounts.own_account.urls")),  # first: a provider may be called anything
    path("accounts/", include("providers.urls")),
    path("admin/", admin.site.urls),
    path("oauth/forward", forward, name="forward"),
    path("oauth/admission", admission, name="admission"),
    path("api/docs", documentation, name="api_documentation"),
    path("api/problems/<slug:code>", problem, name="api_problem"),
]
