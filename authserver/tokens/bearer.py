"""Whether an access token counts now: the one check for our own endpoints, for JWTs and for opaque tokens.

Resource servers verify JWTs offline and learn of a revocation when the token expires. We ask the database, in one
statement, so that a stopped client, a withdrawn consent or a cut-off account is refused at the next request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from authserver import claims, cors, resources, scopes
from authserver.claims import PersonFacts
from authserver.models import Client, TokenFamily
from authserver.protocol.bearer_credential import BearerError, credential_of
from authserver.protocol.errors import ErrorCode
from authserver.services import rights
from authserver.services.rights import ClientRights
from authserver.tokens import access, jwts
from authserver.tokens.digests import digest_of
from authserver.tokens.jwts import TokenRefused
from authserver.tokens.validity import CLIENT, FAMILY, TENANT, WHY_NOT
from foundation.rows import fetch_one, fetch_prepared

REQUIRED = ("sub", "jti", "client_id", "scope")  # besides what jwts.verify requires (RFC 9068, section 2.2)
# A tenant's client in its own name: the function is not called for others, because it is STRICT.
IN_OWN_NAME = """
    LEFT JOIN LATERAL public.client_rights(
        CASE WHEN f.id IS NULL AND c.tenant_id IS NOT NULL THEN c.id END
    ) r ON TRUE
"""
READ_JWT = f"""
    SELECT
        CASE
            WHEN EXISTS (SELECT FROM authserver_revokedtoken r WHERE r.jti = %(jti)s) THEN 'revoked'
            ELSE coalesce({WHY_NOT}, r.refusal)
        END,
        {TENANT}, {rights.COLUMNS}, {CLIENT.columns}, {FAMILY.columns}
    FROM public.client_find(%(client)s) c LEFT JOIN authserver_tokenfamily f ON f.id = %(family)s
    {IN_OWN_NAME}
"""
READ_OPAQUE = f"""
    SELECT
        CASE
            WHEN t.expires_at <= statement_timestamp() THEN 'expired'
            WHEN t.client_not_before IS DISTINCT FROM c.not_before THEN 'client_cut_off'
            ELSE coalesce({WHY_NOT}, r.refusal)
        END,
        t.scopes, t.resources, t.created_at, t.expires_at,
        {TENANT}, {rights.COLUMNS}, {CLIENT.columns}, {FAMILY.columns}
    FROM authserver_accesstoken t
    CROSS JOIN LATERAL public.client_get(t.client_id) c
    LEFT JOIN authserver_tokenfamily f ON f.id = t.family_id
    {IN_OWN_NAME}
    WHERE t.digest = %s
"""


@dataclass(frozen=True, kw_only=True)
class BearerToken:
    """An access token that counts now. Times are seconds since 1970.

    ``scopes``, ``audience`` and ``tenant_id`` are what is left of those that it was issued with: without what was taken
    from the client since, and without an organization that the person has left.
    ``user_id`` and ``family`` are None if the client acts in its own name. ``jti`` is empty for an opaque token.
    ``tenant_id`` is the organization for which the person authorized the client, or that of the client itself.
    ``rights`` are the limits of a client in its own name, which its ``scopes`` respect already.
    ``claims`` are those that the token was issued with. What is true of the person now, ``authserver.claims`` says.
    """

    client: Client
    user_id: UUID | None
    subject: str
    scopes: Sequence[str]
    audience: Sequence[str]
    family: TokenFamily | None
    jti: str
    issued_at: int
    expires_at: int
    tenant_id: UUID | None
    claims: Mapping[str, Any] = field(repr=False)
    rights: ClientRights

    def read_person(self) -> PersonFacts | None:
        """Return what is true of the person now; None without one, and if the client serves them no more."""
        if self.user_id is None or self.family is None:
            return None
        pinned_tenant = self.family.pinned_tenant
        return claims.read_for(self.client, self.user_id, self.tenant_id, pinned_tenant=pinned_tenant)

    def require(self, *, audience: str = "", scope: str = "") -> None:
        """Raises BearerError if the token is not for this audience (RFC 9068, section 4), or lacks the scope."""
        if audience and audience not in self.audience:
            raise _refused("for_another_audience")
        if scope and scope not in self.scopes:
            raise BearerError(
                ErrorCode.INSUFFICIENT_SCOPE, f"The token lacks the scope {scope}.", status=403, scope=scope
            )


def from_request(request: HttpRequest, *, scope: str = "") -> BearerToken:
    """Return the access token of a request to ourselves. Raises BearerError (RFC 6750, section 3.1)."""
    found = check(credential_of(request))
    cors.only_for(request, found.client.pk)
    found.require(audience=settings.PUBLIC_URL, scope=scope)
    return found


def check(token: str) -> BearerToken:
    """Return what an access token says, if it counts now, by one statement. The caller checks audience and scope.

    An ID token, a logout token or a refresh token is no access token. Raises BearerError.
    """
    return _check_opaque(token) if token.startswith(access.PREFIX) else _check_jwt(token)


def _check_jwt(token: str) -> BearerToken:
    try:
        claims = jwts.verify(token, typ=jwts.ACCESS)
    except TokenRefused as refused:
        raise _refused(str(refused)) from refused
    if not all(isinstance(claims.get(name), str) for name in REQUIRED):
        raise _refused("without its claims")
    family_id = claims.get("family")
    row = fetch_prepared(READ_JWT, {"jti": claims["jti"], "client": claims["client_id"], "family": family_id})
    if row is None:
        raise _refused("client_unknown")
    limits = ClientRights.of(row[2:6])
    client, family = _read(row, 6)
    if row[0] is not None:
        raise _refused(row[0])
    if claims.get("client_epoch") != access.client_epoch(client):
        raise _refused("client_cut_off")
    if claims["sub"] != _subject(client, family) or (family_id is None) != (family is None):
        raise _refused("family_unknown")
    named = claims.get("aud", ())
    audience = (named,) if isinstance(named, str) else tuple(named)
    return BearerToken(
        client=client,
        user_id=family.user_id if family else None,
        subject=claims["sub"],
        scopes=_present_scopes(client, limits, claims["scope"].split()),
        audience=_present_audience(client, audience),
        family=family,
        jti=claims["jti"],
        issued_at=claims["iat"],
        expires_at=claims["exp"],
        tenant_id=row[1] if family else client.tenant_id,
        claims=claims,
        rights=limits,
    )


def _check_opaque(token: str) -> BearerToken:
    row = fetch_one(READ_OPAQUE, [digest_of(token)])
    if row is None:
        raise _refused("unknown")
    why_not, given, targets, created_at, expires_at = row[:5]
    limits = ClientRights.of(row[6:10])
    client, family = _read(row, 10)
    if why_not is not None:
        raise _refused(why_not)
    return BearerToken(
        client=client,
        user_id=family.user_id if family else None,
        subject=_subject(client, family),
        scopes=_present_scopes(client, limits, given),
        audience=_present_audience(client, targets or [settings.PUBLIC_URL]),
        family=family,
        jti="",
        issued_at=_seconds(created_at),
        expires_at=_seconds(expires_at),
        tenant_id=row[5] if family else client.tenant_id,
        claims=access.authentication_claims(family) if family else {},
        rights=limits,
    )


def _read(row: Sequence[Any], start: int) -> tuple[Client, TokenFamily | None]:
    middle = start + len(CLIENT.names)
    family = FAMILY.read(row[middle:]) if row[middle + FAMILY.names.index("id")] is not None else None
    return CLIENT.read(row[start:middle]), family


def _subject(client: Client, family: TokenFamily | None) -> str:
    return str(family.user_id if family else client.pk)


def _present_scopes(client: Client, limits: ClientRights, given: Sequence[str]) -> tuple[str, ...]:
    return tuple(limits.present(scopes.still_allowed(client, given)))


def _present_audience(client: Client, given: Sequence[str]) -> tuple[str, ...]:
    """Return for whom the token still is. Raises BearerError if that is nobody."""
    if not (found := resources.still_allowed(client, given)):
        raise _refused("resources_taken")
    return tuple(found)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _refused(reason: str) -> BearerError:
    return BearerError(
        ErrorCode.INVALID_TOKEN, "The access token is unknown, expired, revoked, or not for us.", reason=reason
    )
