"""Making a provider of a connection, and its secret."""

from datetime import timedelta
from importlib import import_module
from typing import Any

from foundation.encryption import decrypt, encrypt
from providers.base import ClientCredentials, Provider
from providers.models import Connection
from providers.sign_up import SignUp, SignUpPolicy

PURPOSE = "connection"
REFRESH_INTERVAL = timedelta(minutes=5)  # as by default for the environment's providers
GRAPH_URL = "https://graph.microsoft.com"
GITHUB = "https://github.com"


def encrypted(secret: str, connection: Connection) -> str:
    """Encrypt a client secret for its row; copied to another row it does not decrypt."""
    return encrypt(secret, owner=connection.pk, purpose=PURPOSE)


def build(connection: Connection) -> Provider:
    """Return the provider that a connection describes. Raises DecryptionFailed."""
    secret = decrypt(connection.client_secret, owner=connection.pk, purpose=PURPOSE)
    provider: Provider = import_module(f"providers.{connection.kind}").provider(
        _settings(connection),
        id=connection.slug,
        name=connection.label,
        client=ClientCredentials(id=connection.client_id, secret=secret),
        refresh_interval=REFRESH_INTERVAL,
        tenant_id=connection.tenant_id,
        is_outward=True,
        sign_up=SignUp(
            policy=SignUpPolicy(connection.sign_up),
            domains=frozenset(connection.sign_up_domains),
            role_id=connection.sign_up_role_id,
        ),
    )
    return provider


def _settings(connection: Connection) -> dict[str, Any]:
    """Return what the kinds read, by the names of the environment's variables."""
    url = connection.issuer.rstrip("/")
    return {
        "issuer": connection.issuer,
        "signing_algorithms": connection.signing_algorithms,
        "acr_values": (),
        "graph_url": GRAPH_URL,
        "url": url,
        "api_url": "https://api.github.com" if url == GITHUB else f"{url}/api/v3",
    }
