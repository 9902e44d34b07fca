"""Finding clients in a list, for the admin and the API."""

from django.db.models import QuerySet

from accounts.models.search_words import begin, words_of
from accounts.people.search import shortened
from authserver.models import Client


def find(clients: "QuerySet[Client]", term: str) -> "QuerySet[Client]":
    """Filter clients by a whole client ID, or else by the beginning of each word of their names."""
    by_id = clients.filter(client_id=term.strip())
    if by_id.exists():
        return by_id
    term = shortened(term)
    return clients.filter(begin(words_of("name"), term)) if term else clients
