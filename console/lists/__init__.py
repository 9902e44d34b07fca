"""What the lists of the admin have in common: paging, search, filters, exports and deletions."""
