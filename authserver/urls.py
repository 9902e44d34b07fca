"""The URLs of the auth server."""

from django.urls import include, path

from authserver.authorization import connected_apps, views
from authserver.devices import views as device_pages
from authserver.endpoints import device, introspection, metadata, revocation, token, userinfo
from authserver.logout import views as logout
from authserver.services import pages as key_pages

OAUTH = [
    # Programs ask these all the time, and patterns are tried in turn.
    path("token", token.token, name="oauth-token"),
    path("introspect", introspection.introspect, name="oauth-introspect"),
    path("userinfo", userinfo.userinfo, name="oauth-userinfo"),
    path("revoke", revocation.revoke, name="oauth-revoke"),
    path("jwks", metadata.jwks, name="oauth-jwks"),
    path("authorize", views.authorize, name="oauth-authorize"),
    path("consent/<str:shown>", views.consent, name="oauth-consent"),
    path("refuse", views.refuse, name="oauth-refuse"),
    path("switch-account", views.switch_account, name="oauth-switch"),
    path("device", device.device, name="oauth-device"),
    path("device/check", device_pages.check, name="device-check"),
    path("device/allow/<str:shown>", device_pages.allow, name="device-allow"),
    path("device/refuse", device_pages.refuse, name="device-refuse"),
    path("logout", logout.logout, name="oauth-logout"),
    path("logout/confirm/<str:shown>", logout.confirm, name="oauth-logout-confirm"),
]
WELL_KNOWN = [
    path("openid-configuration", metadata.metadata, name="openid-configuration"),
    path("oauth-authorization-server", metadata.metadata, name="oauth-metadata"),
]
urlpatterns = [
    path("oauth/", include(OAUTH)),
    path(".well-known/", include(WELL_KNOWN)),
    path("accounts/apps/", connected_apps.listed, name="connected-apps"),
    path("accounts/apps/<uuid:consent_id>/withdraw/", connected_apps.withdraw, name="withdraw-consent"),
    path("accounts/keys/", key_pages.listed, name="api-keys"),
    path("accounts/keys/create/", key_pages.create, name="create-api-key"),
    path("accounts/keys/<uuid:key_id>/revoke/", key_pages.revoke, name="revoke-api-key"),
]
