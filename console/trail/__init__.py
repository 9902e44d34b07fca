"""The trail in the admin: entries, their search, retention, and values that are put back."""
