"""The second-factor stage, between the first authentication and the session. Every sign-in passes it."""

from typing import Any

from allauth.account.stages import LoginStage, LoginStageController
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import Session, User
from accounts.sessions import AuthenticationEvent, SessionStore
from accounts.sign_in import people
from accounts.sign_in.factors.enrolled import has_second_factor, must_have_second_factor
from accounts.sign_in.local import passwords
from accounts.sign_in.reauthentication import gate
from foundation.next_page import query


class SecondFactorStage(LoginStage):  # type: ignore[misc]  # a library without types
    """Require a second factor of everybody who has one or must have one.

    A trusted provider may have verified one in this very sign-in. While the sign-in waits there is no session, only a
    new session key, so that nobody who knew the old key can continue it.
    """

    key = "second_factor"
    urlname = "verify-factor"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user: User | None = self.login.user
        if user is None:
            return None, False
        if gate.has_second_factor(self.request, user, since=self.login.initiated_at):
            return None, True
        if not (has_second_factor(user) or must_have_second_factor(user)):
            if isinstance(self.request.session, SessionStore):
                self.request.session.assume_no_factor()
            return None, True
        if isinstance(self.request.session, SessionStore):
            self.request.session.hold_for_second_factor(user)
        page = self.urlname if has_second_factor(user) else "factor-required"
        return redirect(reverse(page) + query(self.onward, stay=self.stays)), True

    @property
    def onward(self) -> str:
        return self.login.redirect_url or ""

    @property
    def stays(self) -> bool:
        return isinstance(self.request.session, SessionStore) and self.request.session.is_remembered

    @property
    def person(self) -> User:
        found: User = self.login.user
        return found

    def finish(self) -> HttpResponse:
        """Open the session after a factor was verified, and return the redirect to where the person was headed.

        Raises people.RevokedMeanwhile; the first authentication is discarded then.
        """
        with people.with_next(self.onward, stays=self.stays), transaction.atomic():
            proof = lock_waiting(self.request, self.person)
            if not passwords.may_still_open(self.request, self.person):
                raise people.RevokedMeanwhile(self.person.pk)
            if isinstance(self.request.session, SessionStore):
                self.request.session.set_authentication_event(proof)
            response: HttpResponse = self.exit()
            self.request.session.save()
        return response


def lock_waiting(request: HttpRequest, person: User) -> AuthenticationEvent:
    """Lock the person and the row of their waiting sign-in, and return its first authentication.

    Raises RevokedMeanwhile.
    """
    row = Session.objects.of_browser(request.session.session_key).filter(waiting_for=person).first()
    if row is None:
        raise people.RevokedMeanwhile(person.pk)
    people.lock(person.pk, epoch=row.waiting_epoch)
    held = Session.objects.unfinished().filter(pk=row.pk, waiting_epoch=row.waiting_epoch).select_for_update()
    if held.first() is None:
        raise people.RevokedMeanwhile(person.pk)
    return AuthenticationEvent.stored_in(row)


def waiting_stage(request: HttpRequest) -> SecondFactorStage | None:
    """Return the sign-in that waits for a second factor in this browser, if there is one.

    Raises people.RevokedMeanwhile if it was ended; then the person returns to the sign-in page, which shows the reason.
    """
    if request.user.is_authenticated:
        return None
    found: Any = LoginStageController.enter(request, SecondFactorStage.key)
    if found is None or found.login.user is None or not found.login.user.is_active:
        return None
    stage: SecondFactorStage = found
    if isinstance(request.session, SessionStore):
        stage.person.pinned_tenant = request.session.pinned_tenant
    with people.with_next(stage.onward, stays=stage.stays):
        if not Session.objects.waiting().of_browser(request.session.session_key).exists():
            raise people.RevokedMeanwhile(stage.person.pk)
    return stage
