"""The messages of a response, which the next page shows (ADR 46)."""

from typing import Any

from django.contrib.messages import get_messages


def messages_of(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]
