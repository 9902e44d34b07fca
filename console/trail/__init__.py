"""The trail in the admin: entries and their search, retention, and restoring values."""
