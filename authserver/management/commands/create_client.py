"""Registers a client, and prints its secret this once."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from accounts.management.lookup import find_tenant, in_one_line
from accounts.management.output import JSONCommand
from audit.context import Actor, ActorKind
from authserver.clients.registration import Registration, register
from authserver.management.lookup import find_service
from authserver.models import GrantType, RefreshPolicy, SigningAlgorithm, TokenFormat
from tenancy import site_context

REPEATED = {
    "--redirect-uri": ("redirect_uris", "URI", "where people return"),
    "--post-logout-redirect-uri": ("post_logout_redirect_uris", "URI", "where people return after signing out"),
    "--web-origin": ("web_origins", "ORIGIN", "of pages whose scripts may read what the app is answered (CORS)"),
    "--resource": ("resources", "URI", "a resource server"),
}
COMMAND = Actor(ActorKind.COMMAND, "create_client")


class Command(JSONCommand):
    help = "Register an app. Its secret is printed this once; a public app has none."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--name", required=True, help="what people read")
        several: dict[str, Any] = {"action": "append", "default": []}
        parser.add_argument(
            "--grant", action="append", required=True, choices=GrantType.values, dest="grants", help="may be repeated"
        )
        parser.add_argument(
            "--scope", **several, dest="scopes", metavar="SCOPE", help="may be repeated; an unknown one is created"
        )
        for option, (name, kind, text) in REPEATED.items():
            parser.add_argument(option, **several, dest=name, metavar=kind, help=f"may be repeated; {text}")
        parser.add_argument("--backchannel-logout-uri", default="", metavar="URI", help="gets logout tokens")
        parser.add_argument("--public", action="store_true", help="it cannot keep a secret")
        parser.add_argument("--first-party", action="store_true", help="people are not asked")
        parser.add_argument("--tenant", help="the id or short name of the tenant that it belongs to; default the site")
        parser.add_argument("--service", help="as which it acts in its own name, by id or name; in its tenant")
        parser.add_argument("--token-format", choices=TokenFormat.values, default=TokenFormat.JWT)
        parser.add_argument("--refresh-policy", choices=RefreshPolicy.values, default=RefreshPolicy.WEB)
        parser.add_argument("--signing-algorithm", choices=SigningAlgorithm.values, default=SigningAlgorithm.RS256)
        parser.add_argument(
            "--pkce-optional", action="store_true", help="for the conformance suite; refused in production"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["pkce_optional"] and not settings.PKCE_MAY_BE_OPTIONAL:
            raise CommandError("PKCE is required in production.")
        tenant = find_tenant(options["tenant"]) if options["tenant"] else None
        service = find_service(options["service"], tenant) if options["service"] else None
        wanted = Registration(
            name=options["name"],
            grants=[GrantType(name) for name in options["grants"]],
            scopes=options["scopes"],
            redirect_uris=options["redirect_uris"],
            post_logout_redirect_uris=options["post_logout_redirect_uris"],
            web_origins=options["web_origins"],
            backchannel_logout_uri=options["backchannel_logout_uri"],
            resources=options["resources"],
            tenant=tenant or (service.tenant if service else None),
            service=service,
            is_public=options["public"],
            is_first_party=options["first_party"],
            is_pkce_optional=options["pkce_optional"],
            token_format=TokenFormat(options["token_format"]),
            refresh_policy=RefreshPolicy(options["refresh_policy"]),
            signing_algorithm=SigningAlgorithm(options["signing_algorithm"]),
        )
        try:
            with site_context("a command registers a client", actor=COMMAND):
                found = register(wanted)
        except ValidationError as invalid:
            raise in_one_line(invalid) from None
        said = f"Registered. Client ID: {found.client.client_id}"
        said += f"\nSecret, shown this once: {found.secret}" if found.secret else "\nIt is public and has no secret."
        document = {"client_id": found.client.client_id, "client_secret": found.secret}
        self.output(said, document, as_json=options["json"])
