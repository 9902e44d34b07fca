"""Service accounts, API keys and certificate identities in the admin."""
