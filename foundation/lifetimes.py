"""The lifetimes of everything that we give to people, browsers and providers, in one table.

Lifetimes that an operator may set are environment variables. The delays between retries are in the retry policies, and
the timeouts of calls are beside the calls.
"""

from datetime import timedelta

# What a person has to finish in time
SIGN_IN_ATTEMPT = timedelta(minutes=10)  # from the start to the callback
SIGN_OUT_AT_PROVIDER = timedelta(minutes=10)  # how long the return from the provider still confirms the sign-out
PASSKEY_CHALLENGE = timedelta(minutes=10)
REAUTHENTICATION = timedelta(minutes=10)  # also the greatest age of auth_time in a provider's answer
MAILED_CODE = timedelta(minutes=10)
REGISTRATION_LINK = timedelta(hours=1)
PASSWORD_RESET_LINK = timedelta(hours=1)
EMAIL_CHANGE_LINK = timedelta(hours=1)
EMAIL_DISOWN_LINK = timedelta(days=1)  # with which the owner of the old address can say “this was not me”
LOCKED_PAGE = timedelta(hours=1)  # how long people who locked their account may view the page, though signed out

# What a browser remembers
VISITOR_IDLE, VISITOR_SESSION = timedelta(hours=1), timedelta(days=1)  # a session before anybody has signed in
RETRY_OF_ATTEMPT = timedelta(days=1)  # the purpose of an attempt to sign in, so that it can be tried again
NEXT_PAGE = max(REGISTRATION_LINK, PASSWORD_RESET_LINK)  # where a mailed link leads afterwards
LAST_PROVIDER = timedelta(days=365)
KNOWN_DEVICE = timedelta(days=180)  # a device on which the right password was entered
KNOWN_BROWSER = timedelta(days=400)  # the longest time for which browsers keep a cookie

# What we remember
USED_TOTP_STEP = timedelta(days=1)  # far longer than a step is accepted, so that setting a clock by hours does no harm
WRONG_PASSWORDS = timedelta(days=1)  # since the last one
UPSTREAM_END = timedelta(hours=1)  # longer than a sign-in waits for its second factor
REFUSED_IDENTITY = timedelta(days=30)

# What clients get
AUTHORIZATION_CODE = timedelta(seconds=60)
ADMISSION = timedelta(seconds=60)  # from our page to the protected host
DEVICE_CODE = timedelta(minutes=10)
ACCESS_TOKEN = timedelta(minutes=10)
ID_TOKEN = timedelta(minutes=10)
REFRESH_FAMILY = timedelta(days=30)  # from the sign-in to the last refresh, however often it is refreshed
REFRESH_UNUSED = timedelta(days=14)  # between two refreshes
SECRET_OVERLAP = timedelta(days=7)  # how long the former secret of a client works beside a new one
API_KEY, API_KEY_MOST = timedelta(days=90), timedelta(days=366)
IDEMPOTENCY_KEY = timedelta(days=1)  # how long a request to the API that is sent again gets the same response
SERVICE_ACCOUNT, SERVICE_ACCOUNT_MOST = timedelta(days=365), timedelta(days=3 * 366)
PUBLISHED_KEYS = timedelta(minutes=5)  # how long others may cache our public keys
KEY_ROTATION = timedelta(days=90)  # how long a key signs before it is replaced
KEY_ANNOUNCED = timedelta(hours=1)  # how long a new key is published before it signs: some cache longer than they may
KEY_OVERLAP = timedelta(hours=1)  # how long a former key stays published: longer than any token that it has signed
KEY_REMEMBERED = timedelta(days=400)  # longer than any session, whose ID tokens come back as hints
