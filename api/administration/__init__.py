"""``/v1/admin/…``: what Django admin shows and does, by the same functions and with the same rights."""
