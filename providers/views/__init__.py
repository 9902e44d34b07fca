"""The views of providers: the start and the callback of a sign-in, and the pages around them."""
