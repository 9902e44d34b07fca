"""Limits of size and time for requests and responses, in one place, so that a worker's memory can be computed.

A worker buffers at most its connections times (LONGEST_HEAD + SMALL_BODY), plus ALL_LARGE and ALL_UNREAD once.
"""

KIB = 1024

LONGEST_LINE = 24 * KIB  # method, URL and version; gunicorn's own limit is at most 8190, too few for our callbacks
LONGEST_HEAD = 64 * KIB
LONGEST_FIELD = 32 * KIB  # one header: it fits the cookies of six sign-in attempts, each as long as browsers store
MOST_FIELDS = 100

SMALL_BODY = 64 * KIB  # per connection; only longer bodies count towards ALL_LARGE
LARGEST_BODY = 2_621_440  # bytes: Django's DATA_UPLOAD_MAX_MEMORY_SIZE, so that it is refused before it is read
ALL_LARGE = 32 * 1024 * KIB  # bodies over SMALL_BODY, in all connections of a worker

UNREAD = 1024 * KIB  # unread bytes of a response, above which its thread waits for the reader
ALL_UNREAD = 32 * 1024 * KIB  # in all connections of a worker
PIECE = 16 * KIB  # received or sent at once; also the largest TLS record

PATIENCE = 10.0  # seconds for each step: the first byte (and TLS), the head, a body, a response
LEAST = 32 * KIB  # bytes that must move within PATIENCE for a longer body or response to get as much time again
FAREWELL = 2.0  # seconds for a client to read the last response after we shut down our side (RFC 9112, 9.6)
STOPPING = 2.0  # seconds for incomplete requests at shutdown

SPARE_DESCRIPTORS = 128  # a worker's files and sockets that are not client connections: database, cache, providers, log
