"""What voids a grant: each act makes every code and every token of it worthless at once."""

from collections.abc import Callable, Mapping

from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from authserver.models import Client, Consent
from tenancy import site_context


def withdraw_consent(_client: Client, _user: User) -> None:
    Consent.objects.update(withdrawn_at=timezone.now())


def deactivate(_client: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def reactivate(client: Client, user: User) -> None:
    deactivate(client, user)
    User.objects.filter(pk=user.pk).update(is_active=True)


def move_not_before(_client: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(not_before=Now())


def stop(client: Client, _user: User) -> None:
    with site_context("a test stops an app"):
        Client.objects.filter(pk=client.pk).update(is_active=False, not_before=timezone.now())


def stop_and_start(client: Client, user: User) -> None:
    stop(client, user)
    with site_context("a test starts an app again"):
        Client.objects.filter(pk=client.pk).update(is_active=True)


VOIDING: Mapping[str, Callable[[Client, User], None]] = {
    act.__name__: act for act in (withdraw_consent, deactivate, reactivate, move_not_before, stop, stop_and_start)
}
