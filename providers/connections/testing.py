"""The test sign-in of a connection: everything is verified as for a sign-in, and nobody is signed in by it.

Only then can the connection be switched on. What came is kept in the session of the administrator who started it, and
nowhere else: the values are personal.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.events import Event, record
from providers.base import Provider
from providers.connections import acts, directory
from providers.flow import Flow, Process, session_began, used_state
from providers.identity import ExternalIdentity
from providers.models import Connection
from providers.page_texts import Text
from providers.refusal import RefusalReason, SignInRefused
from providers.upstream import one_deadline

PENDING, RESULT = "connection_test", "connection_test_result"  # in the session
UNSHOWN = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})  # they belong to tokens
MOST_CLAIMS, LONGEST_CLAIM = 60, 300  # the session holds them, each as so many characters of JSON
R = RefusalReason
CHECKS: tuple[tuple[Text, frozenset[RefusalReason]], ...] = (
    (_("The service sent the browser back with an answer."), frozenset({R.CANCELLED, R.PROVIDER_REFUSED})),
    (_("The answer comes from this service."), frozenset({R.CALLBACK_MALFORMED, R.CALLBACK_ISSUER_WRONG})),
    (
        _("The service answers our own requests."),
        frozenset(
            {
                R.PROVIDER_OFF, R.PROVIDER_BUSY, R.PROVIDER_UNREACHABLE, R.PROVIDER_NOT_PUBLIC,
                R.PROVIDER_ANSWER_INVALID, R.METADATA_INVALID,
            }
        ),
    ),
    (_("It accepts the client ID and the secret."), frozenset({R.CLIENT_REFUSED, R.CODE_REFUSED})),
    (
        _("Its token has a signature of its own."),
        frozenset({R.TOKEN_MISSING, R.TOKEN_MALFORMED, R.ALGORITHM_REFUSED, R.KEY_UNKNOWN, R.SIGNATURE_WRONG}),
    ),
    (
        _("The token is for us, from this issuer, and for this sign-in."),
        frozenset(
            {
                R.ISSUER_WRONG, R.TENANT_WRONG, R.AUDIENCE_WRONG, R.EXPIRED, R.NOT_YET_VALID, R.NONCE_WRONG,
                R.ACCESS_TOKEN_HASH_WRONG,
            }
        ),
    ),
    (_("It names a person."), frozenset({R.SUBJECT_INVALID, R.USERINFO_OF_ANOTHER})),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TriedSignIn:
    """What came of a test sign-in. ``reason`` is why it was refused, or "". ``admission`` is why a new person would be.

    ``counts``: the connection was not changed meanwhile, so that it can be switched on now.
    """

    connection: str
    at: str
    reason: str = ""
    detail: str = ""
    admission: str = ""
    issuer: str = ""
    subject: str = ""
    claims: Mapping[str, str] = field(default_factory=dict)
    counts: bool = False

    @property
    def checks(self) -> list[tuple[Text, bool]]:
        """The checks that were made, in order, and whether each was passed. The last one is that which failed."""
        made: list[tuple[Text, bool]] = []
        for words, reasons in CHECKS:
            made.append((words, self.reason not in reasons))
            if not made[-1][1]:
                break
        return made


def start(request: HttpRequest, connection: Connection, *, back: str) -> HttpResponse:
    """Redirect an administrator to the service of a connection, active or not. Raises SignInRefused.

    The caller has checked that they may change it and have reauthenticated. ``back`` is the page for the result.
    """
    provider = provider_of(connection.slug)
    flow = Flow(
        provider=connection.slug,
        process=Process.TEST,
        next=back,
        starter=str(request.user.pk),
        session=session_began(request),
    )
    with one_deadline():
        response = HttpResponseRedirect(provider.start_url(flow))
    request.session.pop(RESULT, None)
    request.session[PENDING] = {
        "connection": str(connection.pk),
        "version": connection.version,
        "state": used_state(flow.state),
    }
    flow.remember(request, response)
    return response


def origins(connection: Connection) -> set[str]:
    """Return where the browser is sent to, for the page's CSP. Waits for the service, which may name another host."""
    try:
        provider = provider_of(connection.slug)
        with one_deadline():
            provider.authorization_url(Flow(provider=connection.slug, process=Process.TEST))
    except SignInRefused:
        return set()  # the start says why
    return provider.origins


def provider_of(slug: str) -> Provider:
    """Return the provider of a connection, active or not. Raises SignInRefused."""
    provider = directory.find_current(slug, even_inactive=True)
    if provider is None:
        raise SignInRefused(RefusalReason.PROVIDER_OFF, "the client secret cannot be read")
    return provider


def pending(request: HttpRequest, flow: Flow) -> tuple[Connection, int]:
    """Return the connection that this person tests in this session, and the version tested. Raises SignInRefused."""
    is_theirs = request.user.is_authenticated and str(request.user.pk) == flow.starter
    known = request.session.pop(PENDING, None)
    if not is_theirs or not flow.session or flow.session != session_began(request):
        raise SignInRefused(RefusalReason.STARTED_BY_ANOTHER_PERSON, "another person or session started the test")
    if not known or known["state"] != used_state(flow.state):
        raise SignInRefused(RefusalReason.STATE_USED, "another test was started since")
    connection = directory.current(flow.provider)
    if connection is None or str(connection.pk) != known["connection"]:
        raise SignInRefused(RefusalReason.PROVIDER_OFF, "the connection was deleted meanwhile")
    return connection, int(known["version"])


def note(
    request: HttpRequest,
    connection: Connection,
    result: ExternalIdentity | SignInRefused,
    *,
    version: int,
    admission: str = "",
) -> None:
    """Store what came of a test in the session, record it without personal values, and mark the connection as tested.

    Only the version that was tested is marked.
    """
    key, at = str(connection.pk), timezone.now().isoformat()
    if isinstance(result, SignInRefused):
        tried = TriedSignIn(connection=key, at=at, reason=result.reason.value, detail=result.detail)
    else:
        tried = TriedSignIn(
            connection=key,
            at=at,
            counts=acts.note_test(connection, version=version),
            admission=admission,
            issuer=result.issuer,
            subject=result.subject,
            claims=_shown(result),
        )
    record(
        Event.CONNECTION_TESTED,
        object=connection,
        tenant_id=connection.tenant_id,
        provider=connection.slug,
        passed=not tried.reason,
        reason=tried.reason,
        detail=tried.detail,
    )
    request.session[RESULT] = asdict(tried)


def result_of(request: HttpRequest, connection: Connection) -> TriedSignIn | None:
    """Return what came of the last test in this session, if it was of this connection."""
    known = request.session.get(RESULT)
    return TriedSignIn(**known) if known and known["connection"] == str(connection.pk) else None


def _shown(external: ExternalIdentity) -> dict[str, str]:
    """Return what the service told about the person, as far as it fits: for administrators who set claim rules up."""
    shown = {name: value for name, value in external.claims.items() if name not in UNSHOWN}
    given = [(name, json.dumps(value, ensure_ascii=False, default=str)) for name, value in sorted(shown.items())]
    return {name[:LONGEST_CLAIM]: text[:LONGEST_CLAIM] for name, text in given[:MOST_CLAIMS]}
