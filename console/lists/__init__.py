"""Shared parts of the lists in the admin: paging, search, filters, exports and deletions."""
