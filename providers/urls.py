"""Where sign-ins start and end, and the pages that lead there."""

from django.urls import path

from providers import front, invitations, pages, proving, starting
from providers.keycloak import backchannel
from providers.leaving import pages as sign_out

INVITATION = "invitation/<uuid:tenant_id>/<str:secret>/"

urlpatterns = [
    path("login/", pages.sign_in, name="account_login"),
    path("logout/", sign_out.sign_out, name="account_logout"),
    path("connections/", pages.connections, name="connections"),
    path("prove/", proving.prove_again, name="prove"),
    path("connections/<int:identity_id>/disconnect/", pages.disconnect_page, name="disconnect"),
    path(INVITATION, invitations.invitation, name="invitation"),
    path(f"{INVITATION}account/", invitations.new_account, name="invitation-account"),
    path(f"{INVITATION}as-another/", invitations.as_another, name="invitation-as-another"),
    path("keycloak/backchannel-logout/", backchannel.receive, name="backchannel-logout"),
    path("<slug:provider_id>/login/", starting.start, name="provider-start"),
    path("<slug:provider_id>/login/callback/", front.callback, name="provider-callback"),
    path("<slug:provider_id>/logout/callback/", sign_out.back, name="provider-left"),
]
