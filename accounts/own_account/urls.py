"""The URLs of the pages where people manage their own account."""

from django.urls import path

from accounts.cut_off import views as cut_off_pages
from accounts.organizations import views as organization_pages
from accounts.own_account import email_views, link_views, name_views, views
from accounts.privacy import views as privacy_pages
from accounts.sign_in.factors import views as factor_pages
from accounts.sign_in.local import by_passkey
from accounts.sign_in.local import views as local_pages

urlpatterns = [
    path("", views.account, name="account"),
    path("organizations/", organization_pages.listed, name="organizations"),
    path("organizations/switch/", organization_pages.switch, name="switch-organization"),
    path("organizations/primary/", organization_pages.make_primary, name="primary-organization"),
    path("data/", privacy_pages.own_data, name="own-data"),
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/<str:public_id>/revoke/", views.revoke_one_session, name="revoke-session"),
    path("sessions/revoke-others/", views.revoke_other_sessions, name="revoke-other-sessions"),
    path("lock/", cut_off_pages.lock, name="lock-account"),
    path("locked/", cut_off_pages.locked, name="locked-account"),
    path("email/", email_views.request_change, name="email"),
    path("email/cancel/", email_views.cancel, name="cancel-email-change"),
    path("name/", name_views.change, name="name"),
    path("links/<str:token>/", link_views.open_link, name="mailed-link"),
    path("register/", local_pages.register, name="register"),
    path("local/login/", local_pages.sign_in, name="local-sign-in"),
    path("local/passkey/", by_passkey.sign_in, name="passkey-sign-in"),
    path("local/password-reset/", local_pages.request_password_reset, name="password-reset"),
    path("second-factor/", factor_pages.overview, name="second-factor"),
    path("second-factor/verify/", factor_pages.verify_at_sign_in, name="verify-factor"),
    path("second-factor/required/", factor_pages.factor_required, name="factor-required"),
    path("second-factor/authenticator/", factor_pages.add_authenticator, name="add-authenticator"),
    path("second-factor/authenticator/qr-code.svg", factor_pages.qr_code, name="authenticator-qr-code"),
    path("second-factor/passkey/", factor_pages.add_passkey, name="add-passkey"),
    path("second-factor/recovery-codes/", factor_pages.recovery_codes, name="recovery-codes"),
    path("second-factor/<int:factor_id>/remove/", factor_pages.remove, name="remove-factor"),
]
