"""The URLs of sign-in and sign-out, and of the pages that lead to providers."""

from django.urls import path

from providers.views import backchannel, callback, invitation, reauthenticate, sign_in, sign_out, start

INVITATION = "invitation/<uuid:tenant_id>/<str:secret>/"

urlpatterns = [
    path("login/", sign_in.sign_in, name="account_login"),
    path("logout/", sign_out.sign_out, name="account_logout"),
    path("connections/", sign_in.connections, name="connections"),
    path("reauthenticate/", reauthenticate.reauthenticate, name="reauthenticate"),
    path("connections/<int:identity_id>/disconnect/", sign_in.disconnect_page, name="disconnect"),
    path(INVITATION, invitation.invitation, name="invitation"),
    path(f"{INVITATION}register/", invitation.register, name="invitation-register"),
    path(f"{INVITATION}switch-account/", invitation.switch_account, name="invitation-switch-account"),
    path("<slug:provider_id>/backchannel-logout/", backchannel.receive, name="backchannel-logout"),
    path("<slug:provider_id>/login/", start.start, name="provider-start"),
    path("<slug:provider_id>/login/callback/", callback.callback, name="provider-callback"),
    path("<slug:provider_id>/logout/callback/", sign_out.provider_callback, name="provider-logout-callback"),
]
