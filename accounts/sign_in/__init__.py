"""Signing in: local passwords, second factors, reauthentication, and the limits on all of them."""
