"""The pages for people whom an app has sent here wrongly, so that nobody can be sent back to it."""

import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.sign_in import rate_limits
from audit.events import record
from authserver.models import Client
from foundation.declarations import AppEvent
from foundation.references import new_reference

logger = logging.getLogger(__name__)


def refusal_page(
    request: HttpRequest, template: str, *, event: AppEvent, reason: str, client: Client | None
) -> HttpResponse:
    """Record a refusal, within the limit of what strangers can write, and return its page with the reference."""
    if not rate_limits.may_leave_entry():
        return rate_limits.too_many_requests(rate_limits.REFUSALS)
    reference = new_reference()
    record(event, object=client, app=client.client_id if client else "", reason=reason, reference=reference)
    logger.warning("refused: event=%s reason=%s reference=%s", event.value, reason, reference)
    context = {"reference": reference, "reason": reason, "client": client}
    return render(request, template, context, status=400)
