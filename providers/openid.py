"""What all providers that speak OpenID Connect have in common."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from providers.base import AdditionalClaims, Provider, origin_of, with_query
from providers.flow import Flow
from providers.identity import ExternalIdentity, beneath, methods_in, name_in
from providers.metadata import USUAL_ALGORITHMS, Issuer, Metadata, discovery_of
from providers.refusal import RefusalReason, SignInRefused
from providers.token_endpoint import TokenEndpoint, error_in, tokens_from
from providers.tokens import RefreshRefused, Revoked, Tokens
from providers.userinfo import filled
from providers.verification import proven_at, verify, verify_refreshed

OF_CONNECTION = "its connection"  # where the algorithms of a provider are that no environment variable names


@dataclass(kw_only=True)
class OpenIDProvider(Provider):
    """A provider that speaks OpenID Connect. Its endpoints and keys come from its issuer's discovery document."""

    issuer_url: str
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    reauthenticate_parameters: Mapping[str, str] = field(default_factory=lambda: {"prompt": "login", "max_age": "0"})
    choosing: Mapping[str, str] = field(default_factory=lambda: {"prompt": "select_account"})
    offline: Mapping[str, str] = field(default_factory=dict)
    offline_scopes: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()  # its names for sign-ins with a second factor, in order of preference
    signing_algorithms: frozenset[str] = USUAL_ALGORITHMS
    issuer: Issuer = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        setting = OF_CONNECTION if self.is_outward else ""
        self.issuer = Issuer(self.issuer_url, self.upstream, self.signing_algorithms, setting=setting)

    @property
    def public_address(self) -> str:
        return discovery_of(self.issuer_url)

    @property
    def metadata(self) -> Metadata:
        return self.issuer.metadata

    @property
    def origins(self) -> set[str]:
        known = self.issuer.peek()
        return {origin_of(url) for url in (self.issuer_url, known.authorization_endpoint if known else "") if url}

    @property
    def issues_as(self) -> str:
        return self.issuer_url

    @property
    def end_session_endpoint(self) -> str:
        known = self.issuer.known()
        return known.end_session_endpoint if known else ""

    @property
    def is_down(self) -> bool:
        return self.issuer.failed_lately or super().is_down

    @property
    def answered_at(self) -> float | None:
        """When it last answered any process, as far as known. Old metadata is fetched again in the background."""
        self.issuer.peek()
        return max(filter(None, (self.upstream.answered_at, self.issuer.answered_at)), default=None)

    def authorization_url(self, flow: Flow) -> str:
        more, more_scopes = self._offline_access(flow)
        return with_query(
            self.metadata.authorization_endpoint,
            {
                "response_type": "code",
                "client_id": self.client.id,
                "redirect_uri": self.callback_url,
                "scope": " ".join((*self.scopes, *self.scopes_for(flow.wanted), *more_scopes)),
                "state": flow.state,
                "nonce": flow.nonce,
                "code_challenge": flow.code_challenge,
                "code_challenge_method": "S256",
                **self._prompt_parameters(flow),
                **({"login_hint": flow.login_hint} if flow.login_hint else {}),
                **({"acr_values": " ".join(self.acr_values)} if flow.asks_for_factor and self.acr_values else {}),
                **more,
                **({"prompt": "none"} if flow.silent else {}),
            },
        )

    def _prompt_parameters(self, flow: Flow) -> Mapping[str, str]:
        """Return the parameters that make the provider reauthenticate the person or let them choose an account.

        Reauthentication needs no account chooser: the provider ignores its session, so the person can choose anyway.
        """
        if flow.wants_reauthentication:
            return self.reauthenticate_parameters
        return self.choosing if flow.another else {}

    def _offline_access(self, flow: Flow) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """Return the parameters and scopes that request tokens usable without the person (OFFLINE_ACCESS)."""
        if self.id not in settings.OFFLINE_ACCESS:
            return {}, ()
        return {
            name: value for name, value in self.offline.items() if name != "prompt" or flow.wants_reauthentication
        }, (self.offline_scopes)

    def is_offline(self, scopes: str) -> bool:
        """Decide by the scopes that the provider granted, not by those requested."""
        return not set(self.offline_scopes).isdisjoint(scopes.split())

    def check_callback(self, parameters: Mapping[str, str]) -> None:
        """Compare ``iss``, which must be present if the metadata promises it (RFC 9207, section 2.4)."""
        named = parameters.get("iss")
        if named is None and not self.metadata.sends_issuer:
            return
        if named != self.issuer.url:
            how = "lacks iss, which the metadata promises" if named is None else "names another iss"
            raise SignInRefused(RefusalReason.CALLBACK_ISSUER_WRONG, f"the callback {how}")

    def identify(self, code: str, flow: Flow) -> ExternalIdentity:
        tokens = self.exchange(code, flow.code_verifier)
        identity = self.identity_from(
            self.verified_claims(tokens, nonce=flow.nonce, wants_fresh=flow.wants_reauthentication)
        )
        return self.completed(identity, tokens, flow)

    def refreshed(self, refresh_token: str, *, subject: str, nonce: str = "") -> Tokens:
        """Refresh tokens. An ID token is optional, but must be verified like the first one (Core, section 12.2)."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        try:
            tokens = tokens_from(self._token_endpoint.post(self.metadata.token_endpoint, form))
        except SignInRefused as refused:
            if refused.reason is RefusalReason.CODE_REFUSED:
                raise RefreshRefused from refused
            raise
        if tokens.id_token is not None:
            verify_refreshed(tokens, issuer=self.issuer, client_id=self.client.id, subject=subject, nonce=nonce)
        return tokens

    @property
    def _token_endpoint(self) -> TokenEndpoint:
        """Our client at the token endpoint. Raises SignInRefused if the authentication method is not known."""
        return TokenEndpoint(
            upstream=self.upstream,
            client_id=self.client.id,
            client_secret=self.client.secret,
            authentication=self.metadata.client_proof,
        )

    def revoke(self, *, access: str, refresh: str) -> Revoked:
        """Revoke tokens (RFC 7009): the refresh token first, which ends the grant, then the access token to be sure."""
        endpoint = self.metadata.revocation_endpoint
        if not endpoint:
            return Revoked.NOT_OFFERED
        tokens = [(refresh, "refresh_token"), (access, "access_token")]
        done = [self._revoke(endpoint, token, hint) for token, hint in tokens if token]
        return done[0]

    def _revoke(self, endpoint: str, token: str, hint: str) -> Revoked:
        """Revoke one token. The body of a successful answer is ignored (section 2.2).

        Google answers with an error if the token is no longer valid; this counts as revoked.
        """
        answer = self._token_endpoint.post(endpoint, {"token": token, "token_type_hint": hint})
        if answer.status in {200, 204}:
            return Revoked.REVOKED
        error = error_in(answer)
        if answer.status == 400 and error in {"invalid_token", "unsupported_token_type"}:
            return Revoked.REVOKED if error == "invalid_token" else Revoked.NOT_OFFERED
        detail = f"the revocation endpoint answered {answer.status}" + (f" with {error}" if error else "")
        raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, detail, error=error)

    def completed(self, identity: ExternalIdentity, tokens: Tokens, flow: Flow) -> ExternalIdentity:
        """Add the tokens and what the ID token lacks: the name, the email address and claims that rules need.

        Raises SignInRefused if userinfo is about another person.
        """
        known = identity.changed(tokens=tokens)
        identity = filled(known, issuer=self.issuer, client_id=self.client.id, vouches=self.vouches_for_email)
        if not flow.wanted:
            return identity
        more = self.more_claims(identity.provided, tokens, frozenset(flow.wanted))
        return identity.changed(claims=beneath(more.claims, identity.provided), unreadable=more.unreadable)

    def scopes_for(self, wanted: Collection[str]) -> tuple[str, ...]:
        """Return the additional scopes needed for these claims."""
        return ()

    def more_claims(self, claims: Mapping[str, Any], tokens: Tokens, wanted: frozenset[str]) -> AdditionalClaims:
        """Return wanted claims that the ID token does not contain. Never raises SignInRefused."""
        return AdditionalClaims()

    def exchange(self, code: str, code_verifier: str) -> Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback_url,
            "code_verifier": code_verifier,
        }
        return tokens_from(self._token_endpoint.post(self.metadata.token_endpoint, form))

    def verified_claims(self, tokens: Tokens, *, nonce: str, wants_fresh: bool) -> dict[str, Any]:
        return verify(
            tokens.id_token,
            issuer=self.issuer,
            client_id=self.client.id,
            nonce=nonce,
            access_token=tokens.access_token,
            wants_fresh=wants_fresh,
        )

    def identity_from(self, claims: Mapping[str, Any]) -> ExternalIdentity:
        """Return the identity for verified claims. Raises SignInRefused."""
        return ExternalIdentity(
            provider=self.id,
            issuer=self.issuer.url,
            subject=claims["sub"],
            email=claims.get("email", ""),
            email_verified=self.vouches_for_email(claims),
            name=name_in(claims),
            session=claims.get("sid", ""),
            methods=methods_in(claims),
            authenticated_at=proven_at(claims),
            claims=claims,
        )

    def vouches_for_email(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the provider says that the address is verified. Only a literal ``true`` counts."""
        return claims.get("email_verified") is True
