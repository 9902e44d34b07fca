"""What the next page will say was done: the messages of an answer (ADR 46)."""

from typing import Any

from django.contrib.messages import get_messages


def messages_of(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]
