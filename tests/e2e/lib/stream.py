# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of GET /v1/events, as EventSource is one."""
import http.client
import json
import socket
import threading


class Stream:
    """Reads in a thread of its own; what came is in .events."""

    def __init__(self, platform, path="/v1/events", key=True, last=None):
        self.http = http.client.HTTPConnection("127.0.0.1", platform.http,
                                               timeout=60)
        head = {}
        if key:
            token = platform.key if key is True else key
            head["Authorization"] = f"Bearer {token}"
        if last:
            head["Last-Event-ID"] = last
        self.http.request("GET", path, headers=head)
        self.socket = self.http.sock
        self.answer = self.http.getresponse()
        self.status = self.answer.status
        self.events = []  # (id, type, data)
        self.ended = threading.Event()
        self.comments = []
        self.thread = threading.Thread(target=self._read, daemon=True)
        if self.status == 200:
            self.thread.start()

    def _read(self):
        fields = {}
        try:
            for raw in self.answer:
                line = raw.decode().rstrip("\n")
                if line.startswith(":"):
                    self.comments.append(line)
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    self.events.append((fields.get("id"), fields["event"],
                                        json.loads(fields["data"])))
                    fields = {}
        except (OSError, http.client.HTTPException, ValueError):
            pass
        self.ended.set()

    def ids(self):
        return [e[0] for e in self.events]

    def types(self):
        return [e[1] for e in self.events]

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it was closed by the other side
        if self.thread.is_alive():
            self.thread.join(10)
        self.http.close()
