from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from audit.context import Actor, ActorKind
from tenancy import tenant_context
from tests.tenancy.notes.models import Note


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant_id", type=UUID)
        parser.add_argument("text")

    def handle(self, *args: Any, tenant_id: UUID, text: str, **options: Any) -> None:
        with tenant_context(tenant_id, actor=Actor(ActorKind.COMMAND, "write_note")):
            Note.objects.create(tenant_id=tenant_id, text=text)
