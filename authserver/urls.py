"""The URLs of the auth server."""

from django.urls import path

from authserver.endpoints import metadata, token

urlpatterns = [
    path(".well-known/openid-configuration", metadata.metadata, name="openid-configuration"),
    path(".well-known/oauth-authorization-server", metadata.metadata, name="oauth-metadata"),
    path("oauth/jwks", metadata.jwks, name="oauth-jwks"),
    path("oauth/token", token.token, name="oauth-token"),
]
