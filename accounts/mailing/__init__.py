"""Mails, the links in them, and notices."""
