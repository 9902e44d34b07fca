"""Claim rules: they turn claims of a provider into memberships, if a superuser wrote a rule for it (ADR 11).

Without a rule a claim is only displayed and grants nothing. ``paths`` reads a claim, ``decision`` decides what the
rules mean for one person, ``applying`` applies them at sign-in, ``requested_claims`` tells providers which claims are
worth a request, and ``preview`` shows the administrator the effect in advance.
"""
