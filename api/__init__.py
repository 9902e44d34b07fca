"""The JSON API: its callers, its resources and its errors."""
