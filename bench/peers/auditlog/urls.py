"""The stock peer's admin. One field replaces two of the library's search fields, which its people do not have."""

from auditlog.admin import LogEntryAdmin  # type: ignore[import-not-found]  # not in our locks

from bench.peers.stock.urls import urlpatterns

__all__ = ["urlpatterns"]

_searched = [field for field in LogEntryAdmin.search_fields if field not in {"actor__first_name", "actor__last_name"}]
LogEntryAdmin.search_fields = [*_searched, "actor__name"]
