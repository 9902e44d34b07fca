"""The URL of an object's history."""

from urllib.parse import urlencode

from django.urls import reverse


def history(table: str, key: str) -> str:
    """Return the URL of the list of entries about a row."""
    return f"{reverse('admin:audit_entry_changelist')}?{urlencode({'table': table, 'object': key})}"
