"""Register the peer's clients, and print them as JSON."""

import json
import secrets
import sys
from typing import Any

import django

from bench.tokens.agreed import MACHINE, REDIRECT_URI


def main() -> None:
    django.setup()
    from django.apps import apps  # noqa: PLC0415  # it needs the line above

    application: Any = apps.get_model("oauth2_provider", "Application")  # type: ignore[misc]  # not in our locks
    found = {}
    for name in sys.argv[1:]:
        is_machine = name == MACHINE
        secret = secrets.token_urlsafe(32)
        client = application.objects.create(
            name=name,
            client_type=application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=application.GRANT_CLIENT_CREDENTIALS
            if is_machine
            else application.GRANT_AUTHORIZATION_CODE,
            client_secret=secret,
            hash_client_secret=False,  # PBKDF2 would be 98 % of the grant
            redirect_uris="" if is_machine else REDIRECT_URI,
            skip_authorization=True,
            algorithm=application.RS256_ALGORITHM,
        )
        found[name] = {"id": client.client_id, "secret": secret}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
