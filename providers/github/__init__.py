"""GitHub: OAuth 2.0 without ID tokens, so its API tells us who the access token belongs to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Unpack
from urllib.parse import parse_qsl

from providers.base import AdditionalClaims, Provider, ProviderRegistration, origin_of, with_query
from providers.errors import registered
from providers.flow import Flow
from providers.identity import ExternalIdentity, name_in
from providers.refusal import RefusalReason, SignInRefused, log_unreadable_claims
from providers.token_endpoint import basic, refusal_for, refusal_of
from providers.tokens import RefreshRefused, Revoked, Tokens, usable
from providers.upstream import UpstreamResponse

NAME = "GitHub"
ORGANIZATIONS = frozenset({"organizations", "organization_ids"})  # our own claims, for claim rules
ISSUER_PATH = "/login/oauth"  # appended to its URL in the ``iss`` of its callbacks
ON_A_PAGE = 100  # GitHub's maximum
MOST_PAGES = 10


@dataclass(kw_only=True)
class GitHubProvider(Provider):
    """GitHub or a GitHub Enterprise Server. The issuer is its URL, the subject the numeric user id."""

    revokes_one_by_one: ClassVar[bool] = True

    url: str
    api_url: str

    @property
    def origins(self) -> set[str]:
        return {origin_of(self.url)}

    @property
    def public_address(self) -> str:
        """An endpoint that GitHub does not count against any rate limit."""
        return f"{self.api_url}/rate_limit"

    @property
    def issues_as(self) -> str:
        return self.url

    def authorization_url(self, flow: Flow) -> str:
        scopes = "read:user user:email" + (" read:org" if ORGANIZATIONS & frozenset(flow.wanted) else "")
        return with_query(
            f"{self.url}/login/oauth/authorize",
            {
                "response_type": "code",  # required by RFC 6749, section 4.1.1, but not by GitHub
                "client_id": self.client.id,
                "redirect_uri": self.callback_url,
                "scope": scopes,
                "state": flow.state,
                "code_challenge": flow.code_challenge,
                "code_challenge_method": "S256",
                **({"login": flow.login_hint} if flow.login_hint else {}),
                **({"prompt": "select_account"} if flow.wants_reauthentication or flow.another else {}),
            },
        )

    def check_callback(self, parameters: Mapping[str, str]) -> None:
        """Check ``iss`` if it is present (RFC 9207, section 2.4). GitHub sends it since 2026, older servers do not."""
        if parameters.get("iss", self.url) not in {self.url, f"{self.url}{ISSUER_PATH}"}:
            raise SignInRefused(RefusalReason.CALLBACK_ISSUER_WRONG, "the callback names an iss that is not GitHub")

    def identify(self, code: str, flow: Flow) -> ExternalIdentity:
        tokens = self._exchange(code, flow.code_verifier)
        access_token = str(tokens.access_token)
        user = self._api("/user", access_token)
        if user.status != 200:
            raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, f"status {user.status} for the user")
        profile = user.object()
        address, is_verified = self._address(profile, access_token)
        more = self._more_claims(access_token, flow.wanted)
        return ExternalIdentity(
            provider=self.id,
            issuer=self.url,
            subject=_number(profile.get("id")),
            email=address,
            email_verified=is_verified,
            name=name_in(profile),
            claims={name: profile.get(name) for name in ("login", "name", "email", "company", "html_url")}
            | dict(more.claims),
            unreadable=more.unreadable,
            tokens=tokens,
        )

    def refreshed(self, refresh_token: str, *, subject: str, nonce: str = "") -> Tokens:
        """Refresh tokens. Only GitHub Apps have them. The answer contains no identity that could be compared."""
        values = self._token_endpoint({"grant_type": "refresh_token", "refresh_token": refresh_token})
        try:
            return _tokens_in(values)
        except SignInRefused as refused:
            if refused.reason is RefusalReason.CODE_REFUSED:
                raise RefreshRefused from refused
            raise

    def revoke(self, *, access: str, refresh: str) -> Revoked:
        """Revoke the access token with GitHub's own API and our credentials. An App's refresh token cannot be revoked.

        GitHub answers "not found" both for a revoked token and for wrong credentials. A request with the token itself
        tells the two apart.
        """
        url = f"{self.api_url}/applications/{self.client.id}/token"
        headers = {**basic(self.client.id, self.client.secret), "Accept": "application/vnd.github+json"}
        answer = self.upstream.delete(url, {"access_token": access}, headers=headers)
        if answer.status == 204 or (answer.status in {404, 422} and self._api("/user", access).status == 401):
            return Revoked.REVOKED
        raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, f"status {answer.status} to a revocation")

    def _exchange(self, code: str, code_verifier: str) -> Tokens:
        form = {"code": code, "redirect_uri": self.callback_url, "code_verifier": code_verifier}
        return _tokens_in(self._token_endpoint(form))

    def _token_endpoint(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Post to the token endpoint. GitHub also returns errors with status 200, so the caller must check."""
        both = {"client_id": self.client.id, "client_secret": self.client.secret}
        answer = self.upstream.post(f"{self.url}/login/oauth/access_token", {**both, **form})
        if answer.status != 200:
            raise refusal_of(answer)
        return _form_or_json(answer)

    def _address(self, profile: Mapping[str, Any], access_token: str) -> tuple[str, bool]:
        """Return the primary email address and whether it is verified, or else the public one, unverified."""
        contact = profile.get("email") or ""
        try:
            answer = self._api("/user/emails", access_token)
            listed = answer.json() if answer.status == 200 else None
        except SignInRefused:
            listed = None  # the user id is the key: a missing address does not refuse a sign-in
        for entry in listed if isinstance(listed, list) else []:
            if isinstance(entry, dict) and entry.get("primary") is True and isinstance(entry.get("email"), str):
                return entry["email"], entry.get("verified") is True
        return contact, False

    def _more_claims(self, access_token: str, wanted: Collection[str]) -> AdditionalClaims:
        """Fetch the organizations if a claim rule needs them: all, or none if a page of them cannot be fetched."""
        if not ORGANIZATIONS & frozenset(wanted):
            return AdditionalClaims()
        found: list[dict[str, Any]] = []
        try:
            for page in range(1, MOST_PAGES + 1):
                listed = self._organizations(page, access_token)
                found += listed
                if len(listed) < ON_A_PAGE:
                    return AdditionalClaims(claims=_organization_claims(found))
        except SignInRefused as refused:
            log_unreadable_claims(self.id, ORGANIZATIONS, refused)
        return AdditionalClaims(unreadable=ORGANIZATIONS)

    def _organizations(self, page: int, access_token: str) -> list[dict[str, Any]]:
        answer = self._api(f"/user/orgs?per_page={ON_A_PAGE}&page={page}", access_token)
        listed = answer.json() if answer.status == 200 else None
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, f"status {answer.status} for the organizations")
        return listed

    def _api(self, path: str, access_token: str) -> UpstreamResponse:
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/vnd.github+json"}
        return self.upstream.get(f"{self.api_url}{path}", headers=headers)


def _tokens_in(values: Mapping[str, Any]) -> Tokens:
    if "error" in values:
        raise refusal_for(registered(values["error"]), "GitHub answered")
    found = Tokens(**{one.name: values.get(one.name) for one in fields(Tokens)})
    if usable(found) is None:
        raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, "no access token for a code")
    return found


def _organization_claims(listed: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return names, for people to read, and ids, which are stable: somebody else can take a name that was given up."""
    return {
        "organizations": sorted(entry["login"] for entry in listed if isinstance(entry.get("login"), str)),
        "organization_ids": sorted(str(entry["id"]) for entry in listed if type(entry.get("id")) is int),
    }


def _form_or_json(answer: UpstreamResponse) -> dict[str, Any]:
    """Parse either format. GitHub answers form-encoded unless asked for JSON, and some proxies do even then."""
    if answer.body.lstrip().startswith(b"{"):
        return answer.object()
    try:
        return dict(parse_qsl(answer.body.decode("ascii"), strict_parsing=True, max_num_fields=20))
    except ValueError:
        raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, "neither a form nor JSON") from None


def _number(value: object) -> str:
    """Return the numeric user id as text. Logins can be renamed and taken by others; the id stays with the person."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise SignInRefused(RefusalReason.SUBJECT_INVALID, "the user has no numeric id")
    return str(value)


def provider(settings: Mapping[str, Any], **registration: Unpack[ProviderRegistration]) -> GitHubProvider:
    return GitHubProvider(url=settings["url"], api_url=settings["api_url"], **registration)
