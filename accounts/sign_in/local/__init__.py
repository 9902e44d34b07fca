"""Local accounts: an e-mail address and a password, without a provider."""
