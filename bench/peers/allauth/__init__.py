"""Bare django-allauth: what one has after following its quickstart, with database connections kept."""
