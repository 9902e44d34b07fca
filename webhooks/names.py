"""Looking up the addresses of a name, for so long and no longer: the system's own resolver knows no deadline."""

import socket
import threading
from queue import Empty, SimpleQueue

from foundation.outgoing import Exceeded

AT_ONCE = 16  # look-ups in this process, those included that nobody waits for any more

_places = threading.BoundedSemaphore(AT_ONCE)
Found = list[str] | Exception


def look_up(host: str, port: int, *, seconds: float) -> list[str]:
    """Return the addresses of a name. Raises Exceeded, or what the system's resolver raises.

    A look-up that takes longer goes on in a thread of its own; when too many do, the next fails at once.
    """
    places = _places
    if not places.acquire(blocking=False):
        raise Exceeded("too many names are being looked up already")
    answer: SimpleQueue[Found] = SimpleQueue()
    told = {"host": host, "port": port, "answer": answer, "places": places}
    threading.Thread(target=_ask, kwargs=told, name="look-up", daemon=True).start()
    try:
        found = answer.get(timeout=max(seconds, 0.001))
    except Empty:
        raise Exceeded("its name was not found in time") from None
    if isinstance(found, Exception):
        raise found
    return found


def _ask(*, host: str, port: int, answer: "SimpleQueue[Found]", places: threading.BoundedSemaphore) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answer.put([str(where[0]) for _family, _type, _proto, _name, where in found])
    except (OSError, ValueError) as failed:  # a name that can be none is a ValueError
        answer.put(failed)
    finally:
        places.release()
