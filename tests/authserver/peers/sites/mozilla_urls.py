"""The URLs of the stock site with mozilla-django-oidc."""

from django.urls import include, path

from tests.authserver.peers.sites.pages import me

urlpatterns = [path("oidc/", include("mozilla_django_oidc.urls")), path("me", me)]
