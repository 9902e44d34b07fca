"""The pages about one's own account."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("", views.account, name="account"),
    path("logout/", views.sign_out, name="account_logout"),
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/<str:public_id>/end/", views.end_one, name="end-session"),
    path("sessions/end-others/", views.end_the_others, name="end-other-sessions"),
]
