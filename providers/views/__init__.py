"""The pages of providers: the start and the callback of a sign-in, and what leads there or away from there."""
