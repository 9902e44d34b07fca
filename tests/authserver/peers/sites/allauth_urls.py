"""The URLs of the stock site with django-allauth."""

from django.urls import include, path

from tests.authserver.peers.sites.pages import me

urlpatterns = [path("accounts/", include("allauth.urls")), path("me", me)]
