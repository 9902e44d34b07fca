"""What the clients of every issuer have in common."""

MACHINE, WEB, OTHER = "machine", "web", "other"  # clients: other is like web, and holds nothing of it
REDIRECT_URI = "https://client.example/callback"
AUDIENCE = "https://api.example"  # of the peers' access tokens
