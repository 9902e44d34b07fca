"""How much of a request and of an answer is held, and how long for: together, so that memory can be added up.

A worker holds at most: connections times (LONGEST_HEAD + SMALL_BODY), then ALL_LARGE and ALL_UNREAD once.
"""

KIB = 1024

LONGEST_LINE = 24 * KIB  # method, address and version; gunicorn's own limit ends at 8190, our callbacks do not
LONGEST_HEAD = 64 * KIB
LONGEST_FIELD = 32 * KIB  # one header: cookies of six attempts to sign in, each as long as browsers keep, fit
MOST_FIELDS = 100

SMALL_BODY = 64 * KIB  # what every connection may bring without being counted
LARGEST_BODY = 2_621_440  # bytes: Django's DATA_UPLOAD_MAX_MEMORY_SIZE, so that it is refused before it is read
ALL_LARGE = 32 * 1024 * KIB  # bodies over SMALL_BODY, of a worker's connections together

UNREAD = 1024 * KIB  # of an answer that its reader has not taken yet, until the thread waits for the reader
ALL_UNREAD = 32 * 1024 * KIB  # of a worker's connections together
PIECE = 16 * KIB  # what is received or sent at once; also the largest record of TLS

PATIENCE = 10.0  # seconds for each step: the first byte (and TLS), the head, a body, an answer
LEAST = 32 * KIB  # what has to move within PATIENCE, for a longer body or answer to get as much time again
FAREWELL = 2.0  # seconds in which a client may take the last answer, after we closed our direction (RFC 9112, 9.6)
STOPPING = 2.0  # seconds for unfinished requests once the worker is told to stop

SPARE_DESCRIPTORS = 128  # files and sockets of a worker that are no client's: database, cache, providers, log
