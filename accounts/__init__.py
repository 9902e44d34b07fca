"""The people we know: users, the identities that lead to them, and their sessions."""
