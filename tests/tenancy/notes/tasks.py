from tenancy.tasks import tenant_task
from tests.tenancy.notes.models import Note


@tenant_task()
def shout() -> None:
    for note in Note.objects.all():
        note.text = note.text.upper()
        note.save()
