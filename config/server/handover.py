"""How a request gets to a thread, and its connection back to the poller, waking it as seldom as possible."""

from collections import deque
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from config.server.connection import HttpConnection


class HandOver(ThreadWorker):  # type: ignore[misc]  # a library without types
    """Collects the connections that threads have finished with. The poller takes them back in its next round.

    Usually that round begins with the client's next request. To wake the poller before would cost more than a tenth of
    a short request, since both sides then wait for Python's lock.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.finished: deque[tuple[HttpConnection, Future[bool]]] = deque()

    def enqueue_req(self, conn: HttpConnection) -> None:
        self.tpool.submit(self.handle, conn).add_done_callback(partial(self._give_back, conn))

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """gunicorn's round of the poller, which begins with what has been given back."""
        events = self.poller.select(timeout)
        self.take_back()
        for key, _ in events:
            key.data(key.fileobj)

    def take_back(self) -> None:
        """Finish requests whose threads are done. The poller calls it after it has stopped watching a connection."""
        while self.finished:
            self.finish_request(*self.finished.popleft())

    def _give_back(self, conn: HttpConnection, done: "Future[bool]") -> None:
        """Runs in the thread. It wakes the poller if there is more to do than to wait for the next request.

        The order matters. Either this sees that the poller has stopped watching, or the poller sees what is added.
        """
        self.finished.append((conn, done))
        stays = not done.cancelled() and done.exception() is None and done.result()
        is_waiting = stays and conn.listened_for == EVENT_READ and not conn.sock.unread and not conn.parser.has_more
        if not (is_waiting and self.alive and self._accepting):
            self.method_queue.defer(self.take_back)
