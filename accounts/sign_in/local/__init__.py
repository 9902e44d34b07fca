"""Local accounts: an address, a password, and no provider."""
