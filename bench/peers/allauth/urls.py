"""allauth's own URLs, and the pages that the benchmark reads."""

from django.urls import include, path

from bench.peers.allauth import views

urlpatterns = [
    path("accounts/", views.account),
    path("accounts/", include("allauth.urls")),
    path("me", views.me),
    path("me/identities", views.me_with_identities),
]
