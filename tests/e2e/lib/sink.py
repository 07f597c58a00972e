# SPDX-License-Identifier: GPL-3.0-or-later
"""A customer's webhook server: as reliable as a test wants it to be."""
import base64
import hashlib
import hmac
import json
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Sink(ThreadingHTTPServer):
    """Keeps what comes; answers with `status` (a code, or a function that
    gives one), 0 = breaks off."""
    request_queue_size = 256

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.daemon_threads = True
        self.status, self.got, self.lock = 200, [], threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def at(self, path):
        """Events taken there, each once, in the order they came."""
        with self.lock:
            taken = [e for p, e, s in self.got if p == path and s == 200]
        return list({e["id"]: e for e in taken}.values())

    def types(self, path):
        return [e["type"] for e in self.at(path)]

    def handle_error(self, request, client_address):
        pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    secrets = {}  # path -> what signs there

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event = json.loads(body)
        status = self.server.status
        if callable(status):
            status = status()
        if not self.is_signed(body) or \
                self.headers["webhook-id"] != event["id"]:
            status = 400
        with self.server.lock:
            self.server.got.append((self.path, event, status))
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def is_signed(self, body):
        secret = self.secrets.get(self.path, "whsec_")
        text = b"%s.%s." % (self.headers["webhook-id"].encode(),
                            self.headers["webhook-timestamp"].encode()) + body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        want = base64.b64encode(
            hmac.new(key, text, hashlib.sha256).digest()).decode()
        return f"v1,{want}" in self.headers["webhook-signature"].split()

    def log_message(self, *_):
        pass


def unreliable(share, seed=1):
    """A status for Sink that fails this share at random: 500, 503, or the
    connection breaks off."""
    rnd, lock = random.Random(seed), threading.Lock()

    def status():
        with lock:
            return 200 if rnd.random() >= share else rnd.choice((500, 503, 0))
    return status
