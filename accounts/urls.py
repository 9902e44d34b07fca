"""The pages about one's own account."""

from django.urls import path

from accounts import address_views, link_views, local_views, organization_pages, views

urlpatterns = [
    path("", views.account, name="account"),
    path("logout/", views.sign_out, name="account_logout"),
    path("organizations/", organization_pages.listed, name="organizations"),
    path("organizations/switch/", organization_pages.switch, name="switch-organization"),
    path("organizations/primary/", organization_pages.make_primary, name="primary-organization"),
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/<str:public_id>/end/", views.end_one, name="end-session"),
    path("sessions/end-others/", views.end_the_others, name="end-other-sessions"),
    path("address/", address_views.ask, name="address"),
    path("address/cancel/", address_views.cancel, name="cancel-address-change"),
    path("links/<str:token>/", link_views.follow, name="mailed-link"),
    path("register/", local_views.register, name="register"),
    path("local/login/", local_views.sign_in, name="local-sign-in"),
    path("local/forgotten/", local_views.forgotten, name="forgotten-password"),
]
