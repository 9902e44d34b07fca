"""Browsers of people who have just shown who they are, without the way through a provider."""

import time

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client, TestCase

from accounts.models import User

OF_WHOM = "account_authentication_methods_user"  # allauth's key for whose proofs they are


def proven(user: User, client: Client | None = None) -> Client:
    """Return a browser in which somebody has signed in by their password just now."""
    client = client or Client()
    client.force_login(User.objects.get(pk=user.pk))  # as they are now: what was done upon them since moved their epoch
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time()}]
    session[OF_WHOM] = str(user.pk)
    with TestCase.captureOnCommitCallbacks(execute=True):
        session.save()
    return client
