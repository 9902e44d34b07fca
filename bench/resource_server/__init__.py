"""The benchmark of a call with an access token to a back end (target 7)."""
