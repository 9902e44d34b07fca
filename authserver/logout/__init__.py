"""Signing out of apps: an app sends its person here to sign out, and learns when a session ends."""
