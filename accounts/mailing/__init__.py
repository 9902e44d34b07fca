"""Mails and the links in them."""
