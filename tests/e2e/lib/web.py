# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server of a customer: honest, slow, lying, or gone.

    web = Web()
    web.put("/a.wav", data, "audio/x-wav", how=trickle(1000, 0.1))
    web.answers("/hook", [500, 500, 200])
    ... web.url("/a.wav") ...
    web.wait_for("/hook", 3)
    web.close()

How a body is sent is a function of (connection, body): those below, or one of
the test's own. A platform reaches it with BIFRONS_ALLOW_PRIVATE=1.
"""
import hashlib
import http.server
import socket
import struct
import threading
import time


class Request:
    """What came, and how it was answered."""

    def __init__(self, handler, body):
        self.method, self.path = handler.command, handler.path
        self.headers = dict(handler.headers.items())
        self.body = body
        self.connection = handler.client_address
        self.at = time.monotonic()
        self.status = None

    def header(self, name):
        for key, value in self.headers.items():
            if key.lower() == name.lower():
                return value
        return None

    def __repr__(self):
        return f"{self.method} {self.path} -> {self.status}"


class Connection:
    """What a body is sent by. It raises OSError when the client has gone."""

    def __init__(self, handler, stopping):
        self.handler, self.stopping = handler, stopping
        self.sock = handler.connection

    def send(self, data):
        self.sock.sendall(data)

    def pause(self, seconds):
        if self.stopping.wait(seconds):
            raise ConnectionAbortedError("the server is being closed")

    def wait_until_gone(self):
        self.sock.settimeout(0.1)
        while not self.stopping.is_set():
            try:
                if not self.sock.recv(1, socket.MSG_PEEK):
                    return
                self.stopping.wait(0.1)
            except socket.timeout:
                continue
            except OSError:
                return

    def end(self):
        self.handler.close_connection = True

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        # at once: what the server does at the end begins with a FIN
        socket.close(self.sock.detach())
        self.end()


# ---- How a body may be sent -------------------------------------------------

def at_once(conn, body):
    conn.send(body)


def trickle(step, pause_s):
    """So many bytes, a pause, so many bytes ...; what is late is made up for,
    the latest by .late_s"""
    def how(conn, body):
        due = time.monotonic()
        for i in range(0, len(body), step):
            how.late_s = max(how.late_s, time.monotonic() - due)
            conn.send(body[i:i + step])
            due += pause_s
            conn.pause(max(due - time.monotonic(), 0))
    how.late_s = 0
    return how


def hang(after=0):
    """So many bytes, then nothing until the client has gone."""
    def how(conn, body):
        conn.send(body[:after])
        conn.wait_until_gone()
        conn.end()
    return how


def break_off(after):
    """So many bytes of those announced, then the end."""
    def how(conn, body):
        conn.send(body[:after])
        conn.end()
    return how


def reset(after=0):
    """So many bytes, then RST."""
    def how(conn, body):
        conn.send(body[:after])
        conn.reset()
    return how


def endless(conn, body):
    """The body again and again: announce no length, or a lie."""
    while True:
        conn.send(body)
        conn.pause(0)


def wait_for_event(event, after=0):
    """So many bytes, the rest when the test's threading.Event is set."""
    def how(conn, body):
        conn.send(body[:after])
        while not event.wait(0.05):
            conn.pause(0)
        conn.send(body[after:])
    return how


# ---- The server -------------------------------------------------------------

def _range_of(text, size):
    """(first, last) of "bytes=A-B", None: it is none that we serve."""
    kind, _, span = (text or "").partition("=")
    first, dash, last = span.partition("-")
    if kind != "bytes" or not dash or "," in span:
        return None
    try:
        if not first:
            return max(size - int(last), 0), size - 1
        return int(first), min(int(last) if last else size - 1, size - 1)
    except ValueError:
        return None


class _File:
    def __init__(self, data, content_type, how, length, headers):
        self.data, self.content_type = data, content_type
        self.how, self.length = how, length
        self.headers = headers
        self.etag = '"%s"' % hashlib.sha256(data).hexdigest()[:16]

    def answer(self, request, conn):
        headers = {"ETag": self.etag, "Accept-Ranges": "bytes",
                   "Content-Type": self.content_type}
        headers.update(self.headers)
        if request.header("If-None-Match") == headers["ETag"]:
            headers.pop("Content-Type")
            return 304, headers, b"", at_once
        span = _range_of(request.header("Range"), len(self.data))
        if span and span[0] > span[1]:
            headers["Content-Range"] = f"bytes */{len(self.data)}"
            return 416, headers, b"", at_once
        status, body = 200, self.data
        if span:
            status, body = 206, self.data[span[0]:span[1] + 1]
            headers["Content-Range"] = \
                f"bytes {span[0]}-{span[1]}/{len(self.data)}"
        if self.length != "none":
            headers["Content-Length"] = \
                len(body) if self.length is None else self.length
        return status, headers, body, self.how


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def handle_any(self):
        size = int(self.headers.get("Content-Length") or 0)
        request = Request(self, self.rfile.read(size))
        self.server.web.answer(request, self)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def handle(self):
        try:
            super().handle()
        except OSError:
            self.close_connection = True


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass  # clients go as they please


class Web:
    """Started in the constructor, on a free port of 127.0.0.1."""

    def __init__(self, address="127.0.0.1", port=0):
        self.requests = []
        self._routes = {}
        self._news = threading.Condition()
        self._stopping = threading.Event()
        self._server = _Server((address, port), _Handler)
        self._server.web = self
        self.address, self.port = self._server.server_address[:2]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def url(self, path):
        return f"http://{self.address}:{self.port}{path}"

    def close(self):
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # -- what it serves

    def route(self, path, function):
        """function(request, connection) gives (status, headers, body, how),
        or None when it has sent everything itself."""
        self._routes[path] = function

    def put(self, path, data, content_type="application/octet-stream",
            how=at_once, length=None, headers=None):
        """A file, with ranges and an ETag. length: None = the true one,
        "none" = not said (until the end), a number = what is claimed."""
        file = _File(data, content_type, how, length, headers or {})
        self.route(path, file.answer)
        return file

    def status(self, path, status, body=b"", headers=None, how=at_once):
        fields = {"Content-Length": len(body)}
        fields.update(headers or {})
        self.route(path, lambda request, conn: (status, fields, body, how))

    def redirect(self, path, to, status=302):
        self.status(path, status, headers={"Location": to})

    def answers(self, path, statuses, then=200, headers=None):
        """One status after the other, then ever the same."""
        left, lock = list(statuses), threading.Lock()

        def next_one(request, conn):
            with lock:
                status = left.pop(0) if left else then
            return status, dict(headers or {}, **{"Content-Length": 0}), \
                b"", at_once
        self.route(path, next_one)

    # -- what came

    def asked(self, path):
        """The requests for a path (without its query), oldest first."""
        with self._news:
            return [r for r in self.requests
                    if r.path.partition("?")[0] == path]

    def wait_for(self, path, n=1, timeout_s=10.0):
        """Wait until a path was asked for n times; its requests."""
        end = time.monotonic() + timeout_s
        with self._news:
            while True:
                came = [r for r in self.requests
                        if r.path.partition("?")[0] == path]
                if len(came) >= n:
                    return came
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(
                        f"{path} was asked for {len(came)} times within "
                        f"{timeout_s} s, not {n}")
                self._news.wait(left)

    # -- threads of the server

    def answer(self, request, handler):
        conn = Connection(handler, self._stopping)
        function = self._routes.get(request.path.partition("?")[0])
        with self._news:
            self.requests.append(request)
            self._news.notify_all()
        if not function:
            answer = 404, {"Content-Length": 0}, b"", at_once
        else:
            answer = function(request, conn)
        if not answer:
            return
        status, headers, body, how = answer
        request.status = status
        lines = [f"HTTP/1.1 {status} Whatever"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        conn.send("\r\n".join(lines + ["", ""]).encode("latin-1"))
        if request.method != "HEAD" and status not in (204, 304):
            how(conn, body)
        claimed = headers.get("Content-Length")
        if claimed != len(body) and status not in (204, 304):
            conn.end()
