"""A session of which nobody knows whether its provider stands by it: its person is asked to come back from there.

It happens after a renewal whose answer was lost: the refresh token that we have may be spent, so that it is refused
says nothing. Whoever does not come back within the time is signed out.
"""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone

from accounts.models import Identity, Session
from accounts.sessions import Because, end_early
from accounts.sessions.ending import Word
from providers import registry
from providers.buttons import start_url
from providers.flow import Process
from providers.models import Health

PATIENCE = timedelta(minutes=15)  # from the doubt on, for pages that were open and for code of the person's
ON_THE_WAY = ("/accounts/logout/", "/accounts/login/", "/accounts/prove/")


def answered(
    request: HttpRequest, response: HttpResponseBase, unsure_since: datetime, *, is_by_a_person: bool
) -> HttpResponseBase:
    """Send a person to the provider instead of showing them a page of ours. After the time, end the session."""
    row = Session.objects.of_browser(request.session.session_key).filter(unsure_since=unsure_since).first()
    if row is None:
        return response
    if timezone.now() - unsure_since > PATIENCE:
        end_early([row], because=Because.PROVIDER, word=Word(provider=row.provider, said="answer_lost"))
        return response
    if not is_by_a_person or request.method != "GET" or response.status_code != 200 or _is_on_the_way(request):
        return response
    identity = _in_doubt(row)
    if identity is None:
        return response
    provider = registry.enabled()[identity.provider]
    return HttpResponseRedirect(start_url(provider, process=Process.PROVE, next_url=request.get_full_path()))


def _in_doubt(row: Session) -> Identity | None:
    """Return whose tokens are over, of what the session follows, at a provider that is on."""
    followed = {one["identity"]: one["sid"] for one in row.upstream_sessions}
    over = Identity.objects.filter(user=row.user_id, provider__in=registry.enabled(), tokens__health=Health.DEAD)
    return next((one for one in over if one.pk in followed or not followed), None)


def _is_on_the_way(request: HttpRequest) -> bool:
    starts = tuple(f"/accounts/{name}/" for name in registry.enabled())
    return request.path.startswith((*ON_THE_WAY, *starts))
