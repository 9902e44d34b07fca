"""How long what we give to people, browsers and providers is good for: one table.

What an operator may set stands in the environment; how often a job tries again, in its retry policy; how long an answer
is waited for, beside the call.
"""

from datetime import timedelta

# What somebody has to finish
SIGN_IN_ATTEMPT = timedelta(minutes=10)  # from the start to the callback
SIGN_OUT_AT_PROVIDER = timedelta(minutes=10)  # until whoever comes back is not told anything of it
PASSKEY_CHALLENGE = timedelta(minutes=10)
REAUTHENTICATION = timedelta(minutes=10)  # a proof of who somebody is; also the oldest that a provider may answer with
MAILED_CODE = timedelta(minutes=10)
REGISTRATION_LINK = timedelta(hours=1)
PASSWORD_RESET_LINK = timedelta(hours=1)
EMAIL_CHANGE_LINK = timedelta(hours=1)
EMAIL_DISOWN_LINK = timedelta(days=1)  # in which the old address can say that it was not them
LOCKED_PAGE = timedelta(hours=1)  # that who locked their account may look on, though they are signed in no more

# What a browser remembers
VISITOR_IDLE, VISITOR_SESSION = timedelta(hours=1), timedelta(days=1)  # a session of nobody yet
RETRY_OF_ATTEMPT = timedelta(days=1)  # what an attempt to sign in was for, to try again
NEXT_PAGE = max(REGISTRATION_LINK, PASSWORD_RESET_LINK)  # where a mailed link leads afterwards
LAST_PROVIDER = timedelta(days=365)
KNOWN_DEVICE = timedelta(days=180)  # one from which the right password came
KNOWN_BROWSER = timedelta(days=400)  # the most that browsers keep a cookie

# What we remember
USED_TOTP_STEP = timedelta(days=1)  # far longer than a step is accepted: a clock set right by hours changes nothing
WRONG_PASSWORDS = timedelta(days=1)  # without one more
UPSTREAM_END = timedelta(hours=1)  # longer than a sign-in waits for its second factor
REFUSED_IDENTITY = timedelta(days=30)
