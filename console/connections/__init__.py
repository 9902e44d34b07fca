"""Connections in the admin: set up step by step, tested, and only then switched on."""
