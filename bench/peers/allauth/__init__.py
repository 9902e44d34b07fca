"""Bare django-allauth: the result of its quickstart, with persistent database connections."""
