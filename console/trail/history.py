"""Where the history of an object is to be read."""

from urllib.parse import urlencode

from django.urls import reverse


def history(table: str, key: str) -> str:
    """Return the address of the list of what happened to a row."""
    return f"{reverse('admin:audit_entry_changelist')}?{urlencode({'table': table, 'object': key})}"
