"""What stands between a first proof and a session: every sign-in passes here, whatever door it came by."""

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
    """Nobody goes on without a second factor who has one or must have one.

    A provider whose word counts has given one already, in this very sign-in. While somebody is asked there is no
    session of theirs, only a key that is new: nobody who knew the old one can go on in their place.
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
        """Open the session, once a factor is proven, and return where the person was headed.

        Raises people.RevokedMeanwhile; the first proof is forgotten then.
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
    """Hold the person and the row in which their sign-in waits, and return its first proof. Raises RevokedMeanwhile."""
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

    Raises people.RevokedMeanwhile where it was ended, which takes the person back to the sign-in page with the reason.
    """
    if request.user.is_authenticated:
        return None
    found: Any = LoginStageController.enter(request, SecondFactorStage.key)
    if found is None or found.login.user is None or not found.login.user.is_active:
        return None
    stage: SecondFactorStage = found
    with people.with_next(stage.onward, stays=stage.stays):
        if not Session.objects.waiting().of_browser(request.session.session_key).exists():
            raise people.RevokedMeanwhile(stage.person.pk)
    return stage
