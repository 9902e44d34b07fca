"""The token endpoint (RFC 6749, section 3.2): a client gets tokens for a code, a refresh token, or in its own name."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts.sign_in import rate_limits
from audit.context import Actor, ActorKind, acting
from audit.events import record
from authserver import claims, events, resources, scopes
from authserver.authorization import codes
from authserver.clients.authentication import actor_of, authenticate
from authserver.devices import codes as device_codes
from authserver.models import Client, GrantType, TokenFamily, TokenFormat
from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.protocol.parameters import Parameters, in_form
from authserver.protocol.responses import endpoint, json_response, too_many_requests
from authserver.services.rights import present_scopes, rights_of
from authserver.tokens import access, families, id_tokens

Answer = dict[str, Any]
REQUESTS = rate_limits.Limit(kind="token_requests", most=3000, seconds=60)  # 50 a second, for each client
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"  # RFC 8628, section 3.4


@endpoint("POST")
def token(request: HttpRequest) -> HttpResponse:
    """Answer a token request. Its client is authenticated once; everything else is asked of this client."""
    form = in_form(request)
    client = authenticate(request, form)
    with acting(actor=actor_of(client), tenant_id=client.tenant_id):
        # Everybody can name a public client, so its requests count for the address from which they come.
        if rate_limits.is_over_in_batches(REQUESTS, "" if client.is_public else str(client.pk)):
            raise too_many_requests(REQUESTS)
        try:
            return json_response(_grant(client, form.require("grant_type"))(client, form))
        except OAuthError as refused:
            _record_refusal(client, refused)
            raise


def _grant(client: Client, named: str) -> Callable[[Client, Parameters], Answer]:
    if named not in GRANTS:
        raise OAuthError(ErrorCode.UNSUPPORTED_GRANT_TYPE, "This grant is not supported.")
    grant, answer = GRANTS[named]
    if not client.allows(grant):
        raise OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, "The client is not registered for this grant.")
    return answer


def by_client_credentials(client: Client, form: Parameters) -> Answer:
    """A client acts in its own name (RFC 6749, section 4.4): no refresh token, and nothing about a person."""
    if client.is_public:
        raise OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, "A public client cannot act in its own name.")
    rights = rights_of(client)
    granted = present_scopes(rights, scopes.allowed(client, form.words("scope"), for_person=False))
    wanted = resources.allowed(client, form.all("resource"))
    # A JWT leaves no row. Then the event is the only statement, and a transaction by itself.
    together = transaction.atomic() if client.token_format == TokenFormat.OPAQUE else nullcontext()
    with rights.acting(), together:
        issued = access.issue_for_client(client, scopes=granted, wanted=wanted)
        record(
            events.TOKENS_ISSUED,
            object=client,
            app=client.client_id,
            scopes=granted,
            grant=GrantType.CLIENT_CREDENTIALS.value,
        )
    return answer_of(issued)


def by_code(client: Client, form: Parameters) -> Answer:
    """A person has authorized the client (RFC 6749, section 4.1.3; RFC 7636, section 4.5)."""
    text, redirect_uri = form.require("code"), form.require("redirect_uri")
    wanted = form.all("resource")
    with transaction.atomic():
        family = codes.redeem(client, text, redirect_uri=redirect_uri, verifier=form.get("code_verifier"))
        if isinstance(family, TokenFamily):
            family.scopes = scopes.still_allowed(client, family.scopes)
            targets = resources.granted(client, family.resources, wanted)
            families.begin(family, is_refreshable=is_refreshable(client, family))
            return issue_for_person(client, family, family.scopes, targets, grant=GrantType.AUTHORIZATION_CODE)
    raise family


def by_refresh_token(client: Client, form: Parameters) -> Answer:
    """A client refreshes its tokens (RFC 6749, section 6). Scopes and resources may be narrowed, for this answer.

    What was taken from the client since is not given any more. A refusal for what it asks leaves the token unused.
    """
    text = form.require("refresh_token")
    with transaction.atomic():
        family = families.rotate(client, text)
        if isinstance(family, TokenFamily):
            granted = scopes.narrowed(scopes.still_allowed(client, family.scopes), form.words("scope"))
            targets = resources.granted(client, family.resources, form.all("resource"))
            return issue_for_person(client, family, granted, targets, grant=GrantType.REFRESH_TOKEN)
    raise family


def by_device_code(client: Client, form: Parameters) -> Answer:
    """A person has authorized the client on another device (RFC 8628, section 3.4)."""
    text = form.require("device_code")
    with transaction.atomic():
        family = device_codes.poll(client, text)
        if isinstance(family, TokenFamily):
            family.scopes = scopes.still_allowed(client, family.scopes)
            targets = resources.granted(client, family.resources, ())
            families.begin(family, is_refreshable=is_refreshable(client, family))
            return issue_for_person(client, family, family.scopes, targets, grant=GrantType.DEVICE_CODE)
    raise family


def is_refreshable(client: Client, family: TokenFamily) -> bool:
    """Whether an authorization gives refresh tokens: only with ``offline_access`` (OpenID Connect Core, section 11)."""
    return client.allows(GrantType.REFRESH_TOKEN) and scopes.OFFLINE in family.scopes


def issue_for_person(
    client: Client, family: TokenFamily, granted: list[str], targets: list[str], *, grant: GrantType
) -> Answer:
    """Issue all tokens of an answer, and record that. Raises OAuthError if the client serves the person no more."""
    assert family.user_id is not None  # noqa: S101  # families are of people
    facts = claims.read_for(client, family.user_id, family.tenant_id, pinned_tenant=family.pinned_tenant)
    if facts is None:
        raise OAuthError(ErrorCode.INVALID_GRANT, "The app serves this person no more.", reason="person_not_served")
    issued = access.issue_for_person(client, family, facts, scopes=granted, wanted=targets)
    answer = answer_of(issued)
    if family.is_refreshable:
        answer["refresh_token"] = families.token_of(family)
    if scopes.OPENID in granted:
        answer["id_token"] = id_tokens.issue(client, family, facts, scopes=granted, access_token=issued.value)
    is_first = grant is not GrantType.REFRESH_TOKEN
    with acting(behind=Actor(ActorKind.PERSON, str(facts.user.pk))):
        record(
            events.TOKENS_ISSUED if is_first else events.TOKENS_REFRESHED,
            person=facts.user,
            object=client,
            app=client.client_id,
            scopes=granted,
            grant=grant.value,
        )
    return answer


def answer_of(issued: access.IssuedToken) -> Answer:
    """Return the answer of RFC 6749, section 5.1."""
    answer: Answer = {"access_token": issued.value, "token_type": "Bearer", "expires_in": issued.expires_in}
    return answer | {"scope": " ".join(issued.scopes)}


def _record_refusal(client: Client, refused: OAuthError) -> None:
    is_waiting = refused.code in {ErrorCode.AUTHORIZATION_PENDING, ErrorCode.SLOW_DOWN}
    if not is_waiting and rate_limits.may_leave_entry():
        record(events.TOKENS_REFUSED, object=client, app=client.client_id, reason=refused.reason)


GRANTS: Mapping[str, tuple[GrantType, Callable[[Client, Parameters], Answer]]] = {
    "authorization_code": (GrantType.AUTHORIZATION_CODE, by_code),
    "refresh_token": (GrantType.REFRESH_TOKEN, by_refresh_token),
    DEVICE_CODE: (GrantType.DEVICE_CODE, by_device_code),
    "client_credentials": (GrantType.CLIENT_CREDENTIALS, by_client_credentials),
}
