from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse

from tenancy import tenant_context
from tests.tenancy.notes.models import Note


@login_required
def listed(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"notes": [note.text for note in Note.objects.order_by("pk")]})


@login_required
def exported(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    standing = getattr(request.user, "active_membership", None)
    if standing is None:
        return HttpResponse("You belong to no organization.", status=403)

    def rows() -> Iterator[str]:
        with tenant_context(standing.tenant_id):
            for note in Note.objects.order_by("pk").iterator():
                yield f"{note.text}\n"

    return StreamingHttpResponse(rows(), content_type="text/plain")
