"""What providers say of people, turned into memberships where a site administrator wrote a rule for it (ADR 11).

Without a rule a claim is for reading and gives nothing. ``paths`` reads a claim, ``deciding`` says what rules mean
for one person, ``following`` does it at a sign-in, ``wanted`` tells providers which claims are worth a call,
``preview`` tells the administrator beforehand.
"""
