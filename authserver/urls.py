"""The URLs of the auth server."""

from django.urls import path

from authserver.authorization import connected_apps, views
from authserver.devices import views as device_pages
from authserver.endpoints import device, introspection, metadata, revocation, token, userinfo
from authserver.logout import views as logout
from authserver.services import pages as key_pages

urlpatterns = [
    # Programs ask these all the time, and patterns are tried in turn.
    path("oauth/token", token.token, name="oauth-token"),
    path("oauth/introspect", introspection.introspect, name="oauth-introspect"),
    path("oauth/userinfo", userinfo.userinfo, name="oauth-userinfo"),
    path("oauth/revoke", revocation.revoke, name="oauth-revoke"),
    path(".well-known/openid-configuration", metadata.metadata, name="openid-configuration"),
    path(".well-known/oauth-authorization-server", metadata.metadata, name="oauth-metadata"),
    path("oauth/jwks", metadata.jwks, name="oauth-jwks"),
    path("oauth/authorize", views.authorize, name="oauth-authorize"),
    path("oauth/consent/<str:shown>", views.consent, name="oauth-consent"),
    path("oauth/refuse", views.refuse, name="oauth-refuse"),
    path("oauth/switch-account", views.switch_account, name="oauth-switch"),
    path("accounts/apps/", connected_apps.listed, name="connected-apps"),
    path("accounts/apps/<uuid:consent_id>/withdraw/", connected_apps.withdraw, name="withdraw-consent"),
    path("accounts/keys/", key_pages.listed, name="api-keys"),
    path("accounts/keys/create/", key_pages.create, name="create-api-key"),
    path("accounts/keys/<uuid:key_id>/revoke/", key_pages.revoke, name="revoke-api-key"),
    path("oauth/device", device.device, name="oauth-device"),
    path("oauth/device/check", device_pages.check, name="device-check"),
    path("oauth/device/allow/<str:shown>", device_pages.allow, name="device-allow"),
    path("oauth/device/refuse", device_pages.refuse, name="device-refuse"),
    path("oauth/logout", logout.logout, name="oauth-logout"),
    path("oauth/logout/confirm/<str:shown>", logout.confirm, name="oauth-logout-confirm"),
]
