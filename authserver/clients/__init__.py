"""Clients: how they are registered, how they prove who they are, and what they may ask for."""
