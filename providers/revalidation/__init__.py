"""Ending sessions here that have ended at their provider, even if the provider does not notify us (ADR 35).

``middleware`` notices that a person uses a session that is due for a check, and ``refreshing`` does the check in a
task. ``silent_check`` handles sessions for which the answer was lost.
"""
