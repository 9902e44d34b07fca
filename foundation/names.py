"""DNS look-ups with a deadline, which the system's resolver does not offer."""

import socket
import threading
from queue import Empty, SimpleQueue

from foundation.outgoing import Exceeded

AT_ONCE = 16  # concurrent look-ups in this process, including those whose caller has timed out

_places = threading.BoundedSemaphore(AT_ONCE)
Found = list[str] | Exception


def look_up(host: str, port: int, *, seconds: float) -> list[str]:
    """Return the IP addresses of a host name. Raises Exceeded, or what the system's resolver raises.

    A look-up that exceeds its time continues in a thread. While too many are running, new ones fail at once.
    """
    places = _places
    if not places.acquire(blocking=False):
        raise Exceeded("too many names are being looked up already")
    answer: SimpleQueue[Found] = SimpleQueue()
    arguments = {"host": host, "port": port, "answer": answer, "places": places}
    threading.Thread(target=_ask, kwargs=arguments, name="look-up", daemon=True).start()
    try:
        found = answer.get(timeout=max(seconds, 0.001))
    except Empty:
        raise Exceeded("the host name was not resolved in time") from None
    if isinstance(found, Exception):
        raise found
    return found


def _ask(*, host: str, port: int, answer: "SimpleQueue[Found]", places: threading.BoundedSemaphore) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answer.put([str(where[0]) for _family, _type, _proto, _name, where in found])
    except (OSError, ValueError) as failed:  # an invalid name raises ValueError
        answer.put(failed)
    finally:
        places.release()
