"""The stock peer's admin. Of the library's searches, the two in names that its people do not have are one here."""

from auditlog.admin import LogEntryAdmin  # type: ignore[import-not-found]  # beside our packages, in none of our locks

from bench.peers.stock.urls import urlpatterns

__all__ = ["urlpatterns"]

_searched = [field for field in LogEntryAdmin.search_fields if field not in {"actor__first_name", "actor__last_name"}]
LogEntryAdmin.search_fields = [*_searched, "actor__name"]
