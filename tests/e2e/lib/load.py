# SPDX-License-Identifier: GPL-3.0-or-later
"""Many calls from one UDP socket: for load, not for odd signalling.

One Load has one socket and any number of calls; whoever owns it calls run()
or step(), and everything happens inside. A call retransmits its INVITE and
BYE as RFC 3261 says, ACKs each final response and answers requests. What
should happen to a call and when is up to three functions that a test sets:
on_answer(call), on_refused(call), on_end(call).
"""
import heapq
import itertools
import os
import select
import socket
import time

T1_S = 0.5
TIMEOUT_S = 32.0
SO_RCVBUFFORCE = 33
BUFFER = 8 << 20
BATCH = 64  # packets taken before timers are looked at

SDP = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
       "t=0 0\r\nm=audio %d RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
       "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
       "a=ptime:20\r\n")


def header(data, name):
    """The value of a message's first header of this name, b"" without."""
    at = data.find(b"\r\n" + name + b":")
    if at < 0:
        return b""
    at += len(name) + 3
    return data[at:data.find(b"\r\n", at)].strip()


class Call:
    """One dialog. state: calling, up, ending, ended, refused, failed."""
    __slots__ = ("load", "id", "branch", "tag", "to", "contact", "number",
                 "state", "status", "retry_after", "media", "port", "begun",
                 "answered", "done", "cseq", "pending", "resent", "auto_ack",
                 "by_peer", "invite_text", "canceled", "bye_status", "extra")

    def __init__(self, load, number, port):
        self.load, self.number, self.port = load, number, port
        serial = next(load.serial)
        self.id = f"{load.name}-{serial}"
        self.branch = f"z9hG4bK{load.name}{serial}"
        self.tag = f"t{serial}"
        self.to = f"<sip:{number}@127.0.0.1:{load.port}>"
        self.contact = f"sip:{number}@127.0.0.1:{load.port}"
        self.state, self.status, self.retry_after = "calling", 0, b""
        self.media = None
        self.begun = self.answered = self.done = 0.0
        self.cseq, self.resent = 1, 0
        self.pending = None  # the request that is sent again
        self.auto_ack = True
        self.by_peer = self.canceled = False
        self.invite_text, self.bye_status = b"", 0
        self.extra = None

    def _text(self, method, branch, cseq, uri, to, body=""):
        load = self.load
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{load.local};branch={branch};rport"
            f"\r\nMax-Forwards: 70\r\n"
            f"From: <sip:load@127.0.0.1>;tag={self.tag}\r\nTo: {to}\r\n"
            f"Call-ID: {self.id}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:load@127.0.0.1:{load.local}>\r\n{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()

    def invite(self):
        uri = f"sip:{self.number}@127.0.0.1:{self.load.port}"
        self.invite_text = self._text("INVITE", self.branch, 1, uri,
                                      f"<{uri}>", SDP % self.port)
        self.begun = time.monotonic()
        self.load.send(self.invite_text)
        self._repeat(self.invite_text, self.begun)

    def ack(self):
        """Of a 200: a transaction of its own."""
        self.load.send(self._text("ACK", self.branch + "a", 1, self.contact,
                                  self.to))

    def ack_refusal(self):
        self.load.send(self._text(
            "ACK", self.branch, 1,
            f"sip:{self.number}@127.0.0.1:{self.load.port}", self.to))

    def cancel(self):
        uri = f"sip:{self.number}@127.0.0.1:{self.load.port}"
        self.canceled = True
        self.load.send(self._text("CANCEL", self.branch, 1, uri, f"<{uri}>"))

    def bye(self):
        if self.state not in ("up", "calling"):
            return
        self.state = "ending"
        self.cseq += 1
        text = self._text("BYE", f"{self.branch}b", self.cseq, self.contact,
                          self.to)
        self.load.send(text)
        self._repeat(text, time.monotonic())

    def _repeat(self, text, begun):
        self.pending = text
        self.load.at(T1_S, self._resend, text, begun, T1_S)

    def _resend(self, text, begun, interval):
        if self.pending is not text:
            return
        if time.monotonic() - begun > TIMEOUT_S:
            self.finish("failed")
            return
        self.resent += 1
        self.load.resent += 1
        self.load.send(text)
        interval = min(interval * 2, 4.0)
        self.load.at(interval, self._resend, text, begun, interval)

    def finish(self, state):
        if self.state in ("ended", "refused", "failed"):
            return
        self.pending = None
        self.state = state
        self.done = time.monotonic()
        self.load.live -= 1
        self.load.count[state] += 1
        if self.load.on_end:
            self.load.on_end(self)


class Load:
    def __init__(self, port, name=None):
        self.port = port
        self.name = name or os.urandom(4).hex()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):
            try:
                self.sock.setsockopt(socket.SOL_SOCKET, option, BUFFER)
                break
            except OSError:
                continue
        self.sock.bind(("127.0.0.1", 0))
        self.sock.connect(("127.0.0.1", port))
        self.sock.setblocking(False)
        self.local = self.sock.getsockname()[1]
        self.poll = select.poll()
        self.poll.register(self.sock, select.POLLIN)
        self.serial = itertools.count(1)
        self.order = itertools.count()
        self.calls = {}
        self.timers = []
        self.live = self.resent = 0
        self.count = {"ended": 0, "refused": 0, "failed": 0}
        self.statuses = {}
        self.on_answer = self.on_refused = self.on_end = None

    def close(self):
        self.sock.close()

    def send(self, data):
        for _ in range(100):
            try:
                self.sock.send(data)
                return
            except BlockingIOError:
                time.sleep(0.001)
            except ConnectionRefusedError:
                return

    def at(self, seconds, function, *args):
        """Run function(*args) in so many seconds, within run()."""
        heapq.heappush(self.timers, (time.monotonic() + seconds,
                                     next(self.order), function, args))

    def call(self, number, port=9):
        """Send an INVITE whose SDP says this port. -> Call"""
        call = Call(self, number, port)
        self.calls[call.id.encode()] = call
        self.live += 1
        call.invite()
        return call

    def forget(self):
        """Those that are over: nobody answers their retransmissions."""
        self.calls = {k: c for k, c in self.calls.items()
                      if c.state in ("calling", "up", "ending")}

    # --- what runs ---------------------------------------------------------

    def step(self, timeout_s=0.1):
        """Wait for a packet or timer, handle what is there."""
        now = time.monotonic()
        if self.timers:
            timeout_s = min(timeout_s, max(self.timers[0][0] - now, 0))
        if self.poll.poll(int(timeout_s * 1000 + 0.999)):
            for _ in range(BATCH):
                try:
                    data = self.sock.recv(65536)
                except (BlockingIOError, ConnectionRefusedError):
                    break
                self._take(data)
        now = time.monotonic()
        while self.timers and self.timers[0][0] <= now:
            _, _, function, args = heapq.heappop(self.timers)
            function(*args)

    def run(self, seconds, until=None):
        """Step until the time is over, or until() is true. -> bool"""
        end = time.monotonic() + seconds
        while True:
            if until and until():
                return True
            left = end - time.monotonic()
            if left <= 0:
                return not until
            self.step(min(left, 0.1))

    def start(self, number, rate, calls, ports=None, begin=None):
        """Schedule so many INVITEs at a rate; late ones go out at once."""
        begin = begin or time.monotonic()
        ports = ports or itertools.repeat(9)

        def due(sent):
            now = time.monotonic()
            while sent < calls and begin + sent / rate <= now:
                self.call(number, next(ports))
                sent += 1
            if sent < calls:
                self.at(max(begin + sent / rate - now, 0), due, sent)
        ports = iter(ports)
        due(0)

    # --- what comes in -------------------------------------------------------

    def _take(self, data):
        call = self.calls.get(header(data, b"Call-ID"))
        if not data.startswith(b"SIP/2.0 "):
            self._request(call, data)
            return
        if call is None:
            return
        status = int(data[8:11])
        method = header(data, b"CSeq").split()[-1:]
        if status < 200:
            if status >= 100 and method == [b"INVITE"]:
                if call.pending is call.invite_text:
                    call.pending = None
                self._learn(call, data)
            return
        if method == [b"INVITE"]:
            self._final(call, status, data)
        elif method == [b"BYE"]:
            call.bye_status = status
            call.finish("ended")

    @staticmethod
    def _learn(call, data):
        to = header(data, b"To").decode()
        if ";tag=" in to:
            call.to = to
        contact = header(data, b"Contact")
        if b"<" in contact:
            call.contact = contact.split(b"<")[1].split(b">")[0].decode()
        at = data.find(b"\r\nm=audio ")
        if at >= 0:
            call.media = int(data[at + 10:at + 17].split()[0])

    def _final(self, call, status, data):
        again = call.status >= 200
        if call.pending is call.invite_text:
            call.pending = None
        if status < 300:
            if again:
                if call.auto_ack:
                    call.ack()
                return
            call.status, call.answered = status, time.monotonic()
            self._learn(call, data)
            if call.state == "calling":
                call.state = "up"
            if call.auto_ack:
                call.ack()
            if self.on_answer:
                self.on_answer(call)
            return
        self._learn(call, data)
        call.ack_refusal()
        if again:
            return
        call.status, call.answered = status, time.monotonic()
        call.retry_after = header(data, b"Retry-After")
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if self.on_refused:
            self.on_refused(call)
        call.finish("refused")

    def _request(self, call, data):
        method = data.split(b" ", 1)[0]
        if method == b"ACK":
            return
        status = "200 OK" if call else "481 No such call"
        lines = [b"SIP/2.0 " + status.encode()]
        for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
            if line.partition(b":")[0].strip().lower() in (
                    b"via", b"from", b"to", b"call-id", b"cseq"):
                lines.append(line)
        self.send(b"\r\n".join(lines) + b"\r\nContent-Length: 0\r\n\r\n")
        if call and method == b"BYE":
            call.by_peer = True
            call.finish("ended")
