"""Requests to a token endpoint as a client, and their answers (RFC 6749, sections 2.3.1, 5.1 and 5.2)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import quote_plus

from providers.errors import TEMPORARY, registered
from providers.metadata import ClientProof
from providers.refusal import RefusalReason, SignInRefused
from providers.tokens import Tokens
from providers.upstream import UpstreamClient, UpstreamResponse

OTHERWISE = {
    "invalid_grant": RefusalReason.CODE_REFUSED,
    **dict.fromkeys(TEMPORARY, RefusalReason.PROVIDER_ANSWER_INVALID),
}


@dataclass(frozen=True, kw_only=True)
class TokenEndpoint:
    """Our client at a provider, with the client authentication method that the provider requires."""

    upstream: UpstreamClient
    client_id: str
    client_secret: str
    authentication: ClientProof

    def post(self, endpoint: str, form: Mapping[str, str]) -> UpstreamResponse:
        """Post to an endpoint as our client. Raises SignInRefused without an answer."""
        if self.authentication is ClientProof.POST:
            both = {"client_id": self.client_id, "client_secret": self.client_secret}
            return self.upstream.post(endpoint, {**form, **both})
        header = basic(quote_plus(self.client_id), quote_plus(self.client_secret))  # section 2.3.1: form-encoded first
        return self.upstream.post(endpoint, form, headers=header)


def basic(name: str, secret: str) -> dict[str, str]:
    """Return the header for HTTP Basic authentication (RFC 7617, section 2)."""
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{secret}'.encode()).decode()}"}


def tokens_from(answer: UpstreamResponse) -> Tokens:
    """Read a token endpoint's answer. Raises SignInRefused on anything but a JSON object with status 200."""
    if answer.status != 200:
        raise refusal_of(answer)
    values = answer.object()
    return Tokens(**{one.name: values.get(one.name) for one in fields(Tokens)})


def refusal_of(answer: UpstreamResponse) -> SignInRefused:
    """Return the refusal for an answer with a status other than 200."""
    error = error_in(answer)
    if answer.status in {400, 401}:
        return refusal_for(error, f"the token endpoint answered {answer.status}")
    named = f" with {error}" if error else ""
    return SignInRefused(
        RefusalReason.PROVIDER_ANSWER_INVALID, f"the token endpoint answered {answer.status}{named}", error=error
    )


def refusal_for(error: str, what: str) -> SignInRefused:
    """Return the refusal for an error code.

    Except for a refused code and temporary errors, every error is a configuration error, which only an administrator
    can fix. It does not count as an outage.
    """
    reason = OTHERWISE.get(error, RefusalReason.CLIENT_REFUSED)
    return SignInRefused(reason, f"{what} with {error or 'an error without a registered name'}", error=error)


def error_in(answer: UpstreamResponse) -> str:
    """Return the registered error code in an answer, or "". Never raises."""
    try:
        return registered(answer.object().get("error"))
    except SignInRefused:
        return ""
