"""Maps client certificates with a name to a service account."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from accounts.management.lookup import find_tenant, in_one_line
from accounts.management.output import JSONCommand
from audit.context import Actor, ActorKind
from authserver.management.lookup import find_service
from authserver.models import CertificateName
from authserver.services import certificates
from tenancy import tenant_context


class Command(JSONCommand):
    help = "Map client certificates (mutual TLS) with a name to a service account"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--service", required=True, help="by id or name")
        parser.add_argument("--tenant", help="by id or short name, if several have a service of this name")
        kinds = parser.add_mutually_exclusive_group(required=True)
        for kind in CertificateName:
            kinds.add_argument(f"--{kind.value}", help=str(kind.label))

    def handle(self, *_: Any, service: str, tenant: str | None, json: bool, **options: Any) -> None:
        found = find_service(service, find_tenant(tenant) if tenant else None)
        kind = next(one for one in CertificateName if options.get(one.value) is not None)
        try:
            with tenant_context(found.tenant_id, actor=Actor(ActorKind.COMMAND, "create_certificate_identity")):
                identity = certificates.add(found, kind, options[kind.value])
        except ValidationError as invalid:
            raise in_one_line(invalid) from None
        document = {"id": identity.pk, "service_id": found.pk, "kind": kind.value, "value": identity.value}
        self.output(
            f"Certificates named {identity.value} ({kind.value}) now stand for the service {found}.",
            document,
            as_json=json,
        )
