"""Others vouch to us: the sign-in providers, what we check of their word, and whose account it leads to."""
