"""The pages about one's own account."""

from django.urls import path

from accounts import second_factor, views

urlpatterns = [
    path("", views.account, name="account"),
    path("logout/", views.sign_out, name="account_logout"),
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/<str:public_id>/end/", views.end_one, name="end-session"),
    path("sessions/end-others/", views.end_the_others, name="end-other-sessions"),
    path("second-factor/", second_factor.overview, name="second-factor"),
    path("second-factor/prove/", second_factor.prove_at_sign_in, name="prove-factor"),
    path("second-factor/needed/", second_factor.need, name="need-factor"),
    path("second-factor/app/", second_factor.add_app, name="add-app"),
    path("second-factor/app/picture.svg", second_factor.app_picture, name="app-picture"),
    path("second-factor/passkey/", second_factor.add_passkey, name="add-passkey"),
    path("second-factor/recovery-codes/", second_factor.recovery_codes, name="recovery-codes"),
    path("second-factor/<int:factor_id>/remove/", second_factor.remove, name="remove-factor"),
]
