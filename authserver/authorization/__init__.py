"""The authorization endpoint: a client sends a person here, who signs in and agrees, and goes back with a code."""
