"""The pages about one's own account."""

from django.urls import path

from accounts import address_views, link_views, local_views, organization_pages, second_factor, views

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
    path("second-factor/", second_factor.overview, name="second-factor"),
    path("second-factor/prove/", second_factor.prove_at_sign_in, name="prove-factor"),
    path("second-factor/needed/", second_factor.need, name="need-factor"),
    path("second-factor/app/", second_factor.add_app, name="add-app"),
    path("second-factor/app/picture.svg", second_factor.app_picture, name="app-picture"),
    path("second-factor/passkey/", second_factor.add_passkey, name="add-passkey"),
    path("second-factor/recovery-codes/", second_factor.recovery_codes, name="recovery-codes"),
    path("second-factor/<int:factor_id>/remove/", second_factor.remove, name="remove-factor"),
]
