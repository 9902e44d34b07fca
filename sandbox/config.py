"""The sandbox's settings: its port, the product's URL and the registered clients."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sandbox.providers import OPENID_PROVIDERS, Provider, issuer


class ConfigRefused(Exception):
    """The environment has a setting that the sandbox does not accept. The message names it."""


@dataclass(frozen=True)
class Client:
    """What the product registered with one provider."""

    client_id: str
    secret: str


def default_clients() -> dict[Provider, Client]:
    return {p: Client(f"vestibule-{p}", f"sandbox-{p}-secret") for p in Provider}


@dataclass(frozen=True)
class Config:
    """Port 0 means any free port. `public_url` is the product's, without a final slash."""

    port: int = 9000
    public_url: str = "http://127.0.0.1:8000"
    clients: Mapping[Provider, Client] = field(default_factory=default_clients)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigRefused(f"SANDBOX_PORT must be between 0 and 65535, not {self.port}.")
        checked_public_url(self.public_url)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Config":
        """Raise ConfigRefused outside development: these providers let anyone sign in as anyone."""
        if environ.get("MODE") != "development":
            raise ConfigRefused("The sandbox runs only with MODE=development.")
        return cls(
            port=_port(environ.get("SANDBOX_PORT") or "9000"),
            public_url=(environ.get("PUBLIC_URL") or cls.public_url).rstrip("/"),
            clients={p: _client(environ, p, c) for p, c in default_clients().items()},
        )


def environment(base_url: str, clients: Mapping[Provider, Client]) -> dict[str, str]:
    """Return the environment variables with which a product uses the sandbox at ``base_url``."""
    found = {"GITHUB_URL": f"{base_url}/github", "GITHUB_API_URL": f"{base_url}/github/api"}
    found["MICROSOFT_GRAPH_URL"] = f"{base_url}/microsoft/graph"
    for provider in OPENID_PROVIDERS:
        found[f"{provider.upper()}_ISSUER"] = issuer(base_url, provider)
    for provider, client in clients.items():
        found[f"{provider.upper()}_CLIENT_ID"] = client.client_id
        found[f"{provider.upper()}_CLIENT_SECRET"] = client.secret
    return found


def checked_public_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or url.endswith("/"):
        raise ConfigRefused(f"PUBLIC_URL must be http(s)://host without final slash, not {url!r}.")
    return url


def _port(text: str) -> int:
    if not text.isdecimal():
        raise ConfigRefused(f"SANDBOX_PORT must be a number, not {text!r}.")
    return int(text)


def _client(environ: Mapping[str, str], provider: Provider, default: Client) -> Client:
    name = provider.upper()
    return Client(
        client_id=environ.get(f"{name}_CLIENT_ID") or default.client_id,
        secret=environ.get(f"{name}_CLIENT_SECRET") or default.secret,
    )
