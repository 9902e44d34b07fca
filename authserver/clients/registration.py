"""The one function that registers a client, for the command, the admin and the API."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant, User
from accounts.models.tenant import SCOPE_WORD
from audit.events import record
from authserver import events, resources, scopes
from authserver.clients import delegation, redirects, secrets
from authserver.keys import ring
from authserver.models import (
    Client,
    ClientSecret,
    GrantType,
    RefreshPolicy,
    RegisteredScope,
    ServiceAccount,
    SigningAlgorithm,
    TokenFormat,
)
from foundation.hosts import is_origin

MOST = 50  # redirect URIs, web origins, scopes or resource servers of one client


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What is said of a new client. A public client has no secret; ``tenant`` is None for one of the site.

    In its own name it acts as the ``service``, if there is one, which belongs to the same tenant (ADR 52).
    """

    name: str
    grants: Sequence[GrantType]
    scopes: Sequence[str] = ()
    redirect_uris: Sequence[str] = ()
    post_logout_redirect_uris: Sequence[str] = ()
    web_origins: Sequence[str] = ()
    backchannel_logout_uri: str = ""
    resources: Sequence[str] = ()
    tenant: Tenant | None = None
    service: ServiceAccount | None = None
    is_public: bool = False
    is_first_party: bool = False
    is_pkce_optional: bool = False
    token_format: TokenFormat = TokenFormat.JWT
    refresh_policy: RefreshPolicy = RefreshPolicy.WEB
    signing_algorithm: SigningAlgorithm = SigningAlgorithm.RS256
    client_id: str = ""  # only for the demo: by default it is the id of the row


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A new client with its secret, which is shown this once; None for a public client."""

    client: Client
    secret: str | None


def register(wanted: Registration, *, creator: User | None = None) -> Registered:
    """Register a client. Scopes that do not exist yet are created. Raises ValidationError, by field.

    A creator who is no superuser can register clients of their own tenant only (``delegation``). No creator means an
    operator.
    """
    client = client_of(wanted, creator=creator)
    check(client, actor=creator)
    with transaction.atomic():
        create_scopes(client.scopes)
        client.save(force_insert=True)
        secret = None if client.is_public else _first_secret(client)
        record(events.CLIENT_REGISTERED, object=client, tenant_id=client.tenant_id, app=client.client_id)
    return Registered(client=client, secret=secret)


def client_of(wanted: Registration, *, creator: User | None = None) -> Client:
    """Return the client that a registration describes, neither checked nor saved."""
    return Client(
        name=wanted.name.strip(),
        client_id=wanted.client_id,
        tenant=wanted.tenant,
        service=wanted.service,
        is_public=wanted.is_public,
        is_first_party=wanted.is_first_party,
        is_pkce_optional=wanted.is_pkce_optional,
        grants=[grant.value for grant in dict.fromkeys(wanted.grants)],
        scopes=list(dict.fromkeys(wanted.scopes)),
        redirect_uris=list(dict.fromkeys(wanted.redirect_uris)),
        post_logout_redirect_uris=list(dict.fromkeys(wanted.post_logout_redirect_uris)),
        web_origins=list(dict.fromkeys(wanted.web_origins)),
        backchannel_logout_uri=wanted.backchannel_logout_uri,
        resources=list(dict.fromkeys(wanted.resources)),
        token_format=wanted.token_format,
        refresh_policy=wanted.refresh_policy,
        signing_algorithm=wanted.signing_algorithm,
        is_delegated=creator is not None and not creator.is_superuser,
        created_by=creator,
    )


def check(client: Client, *, actor: User | None = None, before: Client | None = None) -> None:
    """Check a client before it is saved: new, or changed from ``before``. Raises ValidationError, by field."""
    found = {
        "name": _faults_of_name(client),
        "grants": _faults_of_grants(client),
        "scopes": _faults_of_scopes(client),
        "redirect_uris": _faults_of_redirects(client),
        "post_logout_redirect_uris": _faults_of_uris(client, client.post_logout_redirect_uris),
        "web_origins": _faults_of_origins(client),
        "backchannel_logout_uri": _faults_of_logout(client),
        "resources": _faults_of_resources(client),
        "service": _faults_of_service(client),
        "signing_algorithm": _faults_of_algorithm(client, before),
        "is_pkce_optional": _faults_of_pkce(client),
    }
    if actor is not None:
        found = {**delegation.faults(actor, client, before), **{name: texts for name, texts in found.items() if texts}}
    if faults := {field: texts for field, texts in found.items() if texts}:
        raise ValidationError(faults)


def _first_secret(client: Client) -> str:
    secret = secrets.new_secret()
    ClientSecret.objects.create(client=client, digest=secrets.digest_of(secret))
    return secret


def create_scopes(names: Sequence[str]) -> None:
    """Create those of these scopes that do not exist yet. They are not advertised."""
    own = [name for name in names if name not in scopes.BUILT_IN]
    known = set(RegisteredScope.objects.filter(name__in=own).values_list("name", flat=True))
    for name in own:
        if name not in known:
            RegisteredScope.objects.get_or_create(name=name)


def _faults_of_name(client: Client) -> list[object]:
    is_fine = 0 < len(client.name) <= 100 and client.name.isprintable()
    return [] if is_fine else [_("A name has 1 to 100 printable characters.")]


def _faults_of_grants(client: Client) -> list[object]:
    faults: list[object] = []
    grants = set(client.grants)
    if not grants:
        faults.append(_("Choose at least one grant."))
    if client.is_public and GrantType.CLIENT_CREDENTIALS in grants:
        faults.append(_("A public app cannot act in its own name, because it has no secret."))
    if grants == {GrantType.REFRESH_TOKEN.value}:
        faults.append(_("A refresh token comes from another grant: choose that too."))
    if client.is_public and client.refresh_policy == RefreshPolicy.AGENT:
        faults.append(_("The refresh policy “agent” needs an app with a secret."))
    return faults


def _faults_of_scopes(client: Client) -> list[object]:
    faults: list[object] = [_("There are at most 50.")] if len(client.scopes) > MOST else []
    for name in client.scopes:
        try:
            SCOPE_WORD(name)
        except ValidationError as invalid:
            faults.extend(invalid.messages)
    return faults + ([_("A scope has at most 100 characters.")] if any(len(one) > 100 for one in client.scopes) else [])


def _faults_of_redirects(client: Client) -> list[object]:
    needs_one = GrantType.AUTHORIZATION_CODE in client.grants and not client.redirect_uris
    return _faults_of_uris(client, client.redirect_uris) + ([_("People need a URI to return to.")] if needs_one else [])


def _faults_of_uris(client: Client, uris: Sequence[str]) -> list[object]:
    faults: list[object] = [_("There are at most 50.")] if len(uris) > MOST else []
    found = (redirects.fault_of(uri, is_public=client.is_public) for uri in uris)
    return faults + [fault for fault in found if fault]


def _faults_of_origins(client: Client) -> list[object]:
    if len(client.web_origins) <= MOST and all(is_origin(one) for one in client.web_origins):
        return []
    return [
        _(
            "A web origin is written as browsers send it: https://app.example.com, without a path, a final slash, a"
            " default port or a wildcard. Without TLS only loopback is allowed. There are at most 50."
        )
    ]


def _faults_of_logout(client: Client) -> list[object]:
    if not client.backchannel_logout_uri:
        return []
    if redirects.fault_of(client.backchannel_logout_uri, is_public=False) is None:
        return []
    return [_("It is an https URL, without a user and without a fragment. Loopback addresses work without TLS.")]


def _faults_of_resources(client: Client) -> list[object]:
    are_fine = len(client.resources) <= MOST and all(
        len(one) <= 500 and resources.is_identifier(one) for one in client.resources
    )
    return [] if are_fine else [_("A resource server is an absolute URL without a fragment.")]


def _faults_of_service(client: Client) -> list[object]:
    if client.service is None:
        return []
    if client.service.tenant_id != client.tenant_id:
        return [_("The service belongs to another tenant.")]
    if GrantType.CLIENT_CREDENTIALS not in client.grants:
        return [_("An app acts as a service in its own name: choose the grant for that (client credentials).")]
    return []


def _faults_of_algorithm(client: Client, before: Client | None) -> list[object]:
    """An algorithm needs a key. One that the client has already is left alone, so that its other fields can change."""
    if before is not None and before.signing_algorithm == client.signing_algorithm:
        return []
    if ring.can_sign(SigningAlgorithm(client.signing_algorithm)):
        return []
    return [_("No key signs with this algorithm: OIDC_SIGNING_KEYS has none for it.")]


def _faults_of_pkce(client: Client) -> list[object]:
    """The switch is for the conformance suite, whose clients are confidential, and does not exist in production."""
    if not client.is_pkce_optional:
        return []
    if not settings.PKCE_MAY_BE_OPTIONAL:
        return [_("PKCE is required in production.")]
    return [_("PKCE is required of public apps.")] if client.is_public else []
