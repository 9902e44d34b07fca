"""Sign-in providers: how we start a sign-in, verify the provider's answer and find the account it belongs to."""
