"""Signing in on a device without a browser: it shows a code, and a person enters it elsewhere (RFC 8628)."""
