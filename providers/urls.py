"""Where sign-ins start and end, and the pages that lead there."""

from django.urls import path

from providers import front, pages, proving
from providers.keycloak import backchannel

urlpatterns = [
    path("login/", pages.sign_in, name="account_login"),
    path("connections/", pages.connections, name="connections"),
    path("prove/", proving.prove_again, name="prove"),
    path("connections/<int:identity_id>/disconnect/", pages.disconnect_page, name="disconnect"),
    path("keycloak/backchannel-logout/", backchannel.receive, name="backchannel-logout"),
    path("<slug:provider_id>/login/", front.start, name="provider-start"),
    path("<slug:provider_id>/login/callback/", front.callback, name="provider-callback"),
]
