"""Browsers of people who are signed in, without a sign-in through a provider."""

import time

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import Client, TestCase

from accounts.models import User
from accounts.sessions import opening

OF_WHOM = "account_authentication_methods_user"  # allauth's key for the person of the authentication records


def sign_in(client: Client, user: User) -> None:
    """Open a session in this browser: Django's ``force_login`` knows no rows that are compared (ADR 28)."""
    request = HttpRequest()
    request.session, request.user = client.session, AnonymousUser()
    opening.open_session(request, user)
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(request.session.session_key)


def proven(user: User, client: Client | None = None) -> Client:
    """Return a browser in which a person has just signed in with their password."""
    client = client or Client()
    sign_in(client, User.objects.get(pk=user.pk))  # read again, because acts on the person have moved their epoch
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time()}]
    session[OF_WHOM] = str(user.pk)
    with TestCase.captureOnCommitCallbacks(execute=True):
        session.save()
    return client
