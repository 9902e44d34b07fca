"""gunicorn's threaded worker, in which a request gets a thread only when it has arrived completely (ADR 29).

The poller, gunicorn's main loop, collects requests and sends responses to slow readers. It never blocks on a client.
"""

import math
import resource
import time
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from threading import Semaphore
from typing import Any

from gunicorn import sock

from config.server import bounds, plain_config, refusals
from config.server.connection import GONE_BEFORE, NO_ROOM, Gone, HttpConnection, Phase
from config.server.handover import HandOver

Waiting = dict[HttpConnection, None]  # in the order of their deadlines


class Worker(HandOver):
    """Everything here but ``handle`` and ``handle_error`` runs in the poller."""

    worker_connections: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cfg: Any = plain_config.PlainConfig(self.cfg)
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - bounds.SPARE_DESCRIPTORS
        self.worker_connections = max(self.cfg.threads + 1, min(self.worker_connections, files))
        self.max_keepalived = self.worker_connections // 2  # the rest is for active ones
        self.most_at_work = self.worker_connections // 2
        self.at_work = 0  # requests in a thread, or queued for one
        self.unfinished: Waiting = {}
        self.sending: Waiting = {}
        self.leaving: Waiting = {}
        self.large: dict[HttpConnection, int] = {}  # the sizes of bodies over SMALL_BODY
        self.stops_at = math.inf
        self.notified_at = -math.inf
        self.refusal_log = refusals.RefusalLog()
        self.connection = partial(HttpConnection, self.cfg, waiting=Semaphore(max(1, self.cfg.threads // 2)))

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Raises SystemExit for options with which gunicorn would read from clients outside the poller."""
        if cfg.proxy_protocol != "off" or "h2" in cfg.http_protocols or cfg.http2_cleartext != "off":
            raise SystemExit("this server speaks HTTP/1.1 alone: no PROXY protocol, no HTTP/2")

    def init_process(self) -> None:
        if self.cfg.is_ssl:
            self.connection = partial(self.connection, tls=sock.ssl_context(self.cfg))
        super().init_process()

    def accept(self, listener: Any) -> None:
        try:
            accepted, client = listener.accept()
        except OSError as failed:
            if failed.errno in NO_ROOM:
                self._make_room()
            elif failed.errno not in GONE_BEFORE:
                raise
            return
        try:
            conn = self.connection(accepted, client=client, server=listener.getsockname())
        except OSError:  # disconnected already
            accepted.close()
            return
        self.nr_conns += 1
        self.unfinished[conn] = None
        self._give_time(conn, bounds.PATIENCE)
        self._gather(conn)  # the request has usually arrived with it

    def on_client_socket_readable(self, conn: HttpConnection, client: Any) -> None:
        """Handle a connection that can be read or written."""
        if conn.phase is Phase.GONE:
            return  # dropped for another connection in this round
        if conn.phase is Phase.AT_WORK:  # the next request, or the end: it is read after the response
            self._listen(conn, 0)
            self.take_back()
        elif conn.phase is Phase.SENDING:
            self._send(conn)
        elif conn.phase is Phase.LEAVING:
            self._hear_out(conn)
        else:
            self._gather(conn)

    def _gather(self, conn: HttpConnection) -> None:
        before = conn.phase
        try:
            is_whole = conn.gather()
            self._count_large(conn)
        except (Gone, OSError):
            self._drop(conn)
        except Exception as refused:  # noqa: BLE001  # any error concerns only this connection
            self._refuse(conn, refused)
        else:
            self._put(conn, before, is_whole=is_whole)

    def _put(self, conn: HttpConnection, before: Phase, *, is_whole: bool) -> None:
        """Queue a complete request for a thread, or watch the connection as its phase requires."""
        if is_whole and self.at_work >= self.most_at_work:
            self._refuse(conn, refusals.Overloaded())
        elif is_whole:
            self._stop_waiting(conn)  # and stay in the poller: most clients send nothing before the response
            self.at_work += 1
            self.enqueue_req(conn)
        elif conn.phase is Phase.IDLE:
            self._listen(conn, EVENT_READ)
        else:
            if conn.phase is not before:
                self._stop_waiting(conn)
                self.unfinished[conn] = None
                self._give_time(conn, bounds.PATIENCE)
            self._listen(conn, conn.wants)

    def _count_large(self, conn: HttpConnection) -> None:
        """Keep the total of long bodies within bounds by dropping the oldest incomplete one. Raises Overloaded."""
        size = conn.parser.size
        if size <= bounds.SMALL_BODY:
            return
        self.large[conn] = size
        while sum(self.large.values()) > bounds.ALL_LARGE:
            oldest = next((other for other in self.unfinished if other in self.large and other is not conn), None)
            if oldest is None:
                raise refusals.Overloaded
            self._drop(oldest, reason="too_many_large_bodies")

    def handle(self, conn: HttpConnection) -> bool:
        """gunicorn's method, in a thread, with a complete request. It also sends what the client accepts at once."""
        stays: bool = super().handle(conn)
        try:
            conn.sock.push()
        except OSError:
            return False
        return stays and not conn.sock.is_cut

    def _keepalive_after(self, conn: HttpConnection, keepalive: bool) -> bool:  # noqa: FBT001  # gunicorn's signature
        """The unread rest of the body has arrived already, so discarding it does not block."""
        return bool(keepalive and conn.parser.finish_body())

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer an error of gunicorn's parser or of the WSGI application with our page. Runs in a thread."""
        status = refusals.status_of(exc)
        if status >= 500:
            refusals.logger.error("the request failed: %s", type(exc).__name__, exc_info=exc)
        self.refusal_log.write(refusals.reason_of(exc), status=status, ip=str(addr[0]) if addr else "")
        client.sendall(refusals.answer(status, with_body=req is None or req.method != "HEAD"))

    def finish_request(self, conn: HttpConnection, fs: "Future[bool]") -> None:
        self.at_work -= 1
        self.large.pop(conn, None)
        conn.stays = not fs.cancelled() and fs.exception() is None and bool(fs.result())
        self._send(conn)

    def _send(self, conn: HttpConnection) -> None:
        try:
            conn.moved += conn.sock.push()
            if conn.sock.unread:
                self._wait_for_reader(conn)
            elif conn.stays:
                self._keep(conn)
            else:
                self._leave(conn)
        except OSError:
            self._drop(conn)

    def _wait_for_reader(self, conn: HttpConnection) -> None:
        if conn.phase is Phase.SENDING:
            return
        conn.phase = Phase.SENDING
        self.sending[conn] = None
        self._give_time(conn, bounds.PATIENCE)
        self._listen(conn, EVENT_WRITE)
        while sum(len(other.sock.unread) for other in self.sending) > bounds.ALL_UNREAD:
            self._drop(next(iter(self.sending)), reason="too_many_slow_readers")

    def _keep(self, conn: HttpConnection) -> None:
        """Keep a connection for its next request, which may be here already (pipelining)."""
        self.sending.pop(conn, None)
        try:
            is_whole = conn.go_on()
            self._count_large(conn)
        except Exception as refused:  # noqa: BLE001  # as in _gather
            self._refuse(conn, refused)
            return
        if conn.phase is Phase.IDLE:
            conn.set_timeout()
            conn.timeout = min(conn.timeout, self.stops_at)
            self.keepalived_conns.append(conn)
            conn.is_idle = True
        self._put(conn, Phase.IDLE, is_whole=is_whole)

    def _refuse(self, conn: HttpConnection, refused: Exception) -> None:
        status = refusals.status_of(refused)
        if status == 500:
            refusals.logger.error("the poller failed: %s", type(refused).__name__, exc_info=refused)
        self.refusal_log.write(refusals.reason_of(refused), status=status, ip=conn.address)
        self._forget(conn)
        self.large.pop(conn, None)
        conn.stays = False
        is_head = conn.parser.came.startswith(b"HEAD ") or getattr(conn.parser.mesg, "method", "") == "HEAD"
        conn.sock.unread += refusals.answer(status, with_body=not is_head)
        self._send(conn)

    def _leave(self, conn: HttpConnection) -> None:
        """Shut down our side and read until the client closes: closing could lose the response (RFC 9112, 9.6)."""
        self._forget(conn)
        conn.leave()
        self.leaving[conn] = None
        self._give_time(conn, bounds.FAREWELL)
        self._listen(conn, EVENT_READ)

    def _hear_out(self, conn: HttpConnection) -> None:
        try:
            is_over = conn.sock.receive() == b""
        except OSError:
            is_over = True
        if is_over:
            self._drop(conn)

    def notify(self) -> None:
        """Tell the arbiter that we live, once a second and not in every round: each time lets go of Python's lock."""
        if (now := time.monotonic()) >= self.notified_at + 1:
            self.notified_at = now
            super().notify()

    def murder_pending(self) -> None:
        """Called in every round, at least once a second: end expired connections and make room for new ones."""
        now = time.monotonic()
        for waiting in (self.unfinished, self.sending, self.leaving):
            while waiting and (conn := next(iter(waiting))).timeout <= now:
                self._lose_patience(conn, waiting)
        while self.nr_conns >= self.worker_connections and self._make_room():
            pass

    def _lose_patience(self, conn: HttpConnection, waiting: Waiting) -> None:
        del waiting[conn]
        if conn.phase in {Phase.BODY, Phase.SENDING} and conn.moved >= bounds.LEAST:
            waiting[conn] = None
            self._give_time(conn, bounds.PATIENCE)
        elif conn.has_begun:
            self._refuse(conn, refusals.RequestTooSlow())
        else:
            self._drop(conn, reason="reader_too_slow" if conn.phase is Phase.SENDING else "")

    def _make_room(self) -> bool:
        """Close an answered connection, or the oldest one of the largest group. Return whether there was one."""
        most = self.leaving or max((self.unfinished, self.sending, self.keepalived_conns), key=len)
        oldest = next(iter(most), None)
        if oldest is not None:
            self._drop(oldest, reason="" if oldest.phase is Phase.LEAVING else "too_many_connections")
        return oldest is not None

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT001, FBT002  # gunicorn's signature
        now = time.monotonic()
        while self.keepalived_conns and (force or self.keepalived_conns[0].timeout <= now):
            self._drop(self.keepalived_conns[0])

    def _cap_keepalive(self, deadline: float) -> None:
        """Called at shutdown: incomplete requests get no more time than ``bounds.STOPPING``."""
        super()._cap_keepalive(deadline)
        self.stops_at = time.monotonic() + bounds.STOPPING
        for waiting in (self.unfinished, self.sending, self.leaving):
            for conn in waiting:
                conn.timeout = min(conn.timeout, self.stops_at)

    def _give_time(self, conn: HttpConnection, seconds: float) -> None:
        conn.moved, now = 0, time.monotonic()
        conn.timeout = min(now + seconds, max(self.stops_at, now))

    def _listen(self, conn: HttpConnection, events: int) -> None:
        if conn.listened_for not in {0, events}:
            self.poller.unregister(conn.sock)
        if events not in {0, conn.listened_for}:
            self.poller.register(conn.sock, events, partial(self.on_client_socket_readable, conn))
        conn.listened_for = events

    def _stop_waiting(self, conn: HttpConnection) -> None:
        """Remove a connection from all lists with deadlines."""
        if conn.is_idle:
            self.keepalived_conns.remove(conn)
            conn.is_idle = False
        for waiting in (self.unfinished, self.sending, self.leaving):
            waiting.pop(conn, None)

    def _forget(self, conn: HttpConnection) -> None:
        """Remove a connection from the poller and from all lists with deadlines."""
        self._stop_waiting(conn)
        self._listen(conn, 0)

    def _drop(self, conn: HttpConnection, reason: str = "") -> None:
        if reason:
            self.refusal_log.write(reason, status=0, ip=conn.address)
        self._forget(conn)
        self.large.pop(conn, None)
        self.nr_conns -= 1
        conn.close()
