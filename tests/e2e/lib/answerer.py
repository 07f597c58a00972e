# SPDX-License-Identifier: GPL-3.0-or-later
"""Many callees behind one UDP socket: for load and races, without sound.

The user part of the request URI may say what happens: "d20-x" answers after
20 ms, "r486-x" refuses, "n-x" never says more than 180; anything else answers
at once.
"""
import heapq
import itertools
import re
import socket
import threading
import time

from .load import header

SDP = (b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
       b"t=0 0\r\nm=audio 9 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
       b"a=rtpmap:101 telephone-event/8000\r\n")
T1_S, GIVE_UP_S = 0.5, 16


class Leg:
    __slots__ = ("call_id", "invite", "peer", "state", "timer", "branch",
                 "cseq", "pending", "begun")

    def __init__(self, call_id, invite, peer):
        self.call_id, self.invite, self.peer = call_id, invite, peer
        self.state = "ringing"  # up, ending, over
        self.pending, self.cseq = None, 0
        self.begun = time.monotonic()


class Answerer:
    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.legs, self.count = {}, {"answered": 0, "canceled": 0,
                                     "refused": 0, "ended": 0, "lost": 0}
        self.on_up = None        # of the thread: on_up(leg) after the ACK
        self.serial = itertools.count()
        self._timers, self._stop = [], threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def uri(self, user):
        return f"sip:{user}@127.0.0.1:{self.port}"

    def live(self):
        return sum(leg.state != "over" for leg in list(self.legs.values()))

    def close(self):
        self._stop.set()
        self._thread.join()
        self.sock.close()

    # --- the thread --------------------------------------------------------

    def at(self, delay_s, function, *args):
        """Only from the thread (on_up)."""
        heapq.heappush(self._timers, (time.monotonic() + delay_s,
                                      next(self.serial), function, args))

    def _run(self):
        while not self._stop.is_set():
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                _, _, function, args = heapq.heappop(self._timers)
                function(*args)
            wait = self._timers[0][0] - now if self._timers else 0.1
            self.sock.settimeout(min(max(wait, 0.0005), 0.1))
            try:
                data, peer = self.sock.recvfrom(65536)
            except socket.timeout:
                continue
            except OSError:
                return
            if len(data) > 8:
                self._take(data, peer)

    def _take(self, data, peer):
        call_id = header(data, b"Call-ID")
        leg = self.legs.get(call_id)
        if data.startswith(b"SIP/2.0"):
            if leg and header(data, b"CSeq").endswith(b"BYE"):
                self._over(leg, "ended")
            return
        method = data.split(b" ", 1)[0]
        if method == b"INVITE":
            if not leg:
                self._invited(Leg(call_id, data, peer))
            elif leg.state == "ringing":
                self._reply(leg.invite, leg.peer, b"180 Ringing")
        elif method == b"ACK":
            if leg and leg.state == "up" and leg.pending:
                leg.pending = None
                if self.on_up:
                    self.on_up(leg)
        elif method == b"CANCEL":
            self._reply(data, peer, b"200 OK")
            if leg and leg.state == "ringing":
                self._reply(leg.invite, peer, b"487 Request Terminated")
                self._over(leg, "canceled")
        elif method == b"BYE":
            self._reply(data, peer, b"200 OK")
            if leg:
                self._over(leg, "ended")
        else:
            self._reply(data, peer, b"200 OK")

    def _over(self, leg, how):
        if leg.state != "over":
            leg.state, leg.pending = "over", None
            self.count[how] += 1

    def _invited(self, leg):
        self.legs[leg.call_id] = leg
        user = leg.invite.split(b" ", 2)[1].split(b":", 1)[1]
        wish = re.match(rb"([drn])(\d*)-", user)
        self._reply(leg.invite, leg.peer, b"180 Ringing")
        if not wish:
            self._answer(leg)
        elif wish.group(1) == b"d":
            self.at(int(wish.group(2)) / 1000, self._answer, leg)
        elif wish.group(1) == b"r":
            self._reply(leg.invite, leg.peer, wish.group(2) + b" No")
            self._over(leg, "refused")

    def _answer(self, leg):
        if leg.state != "ringing":
            return
        leg.state = "up"
        self.count["answered"] += 1
        text = self._reply(leg.invite, leg.peer, b"200 OK", SDP)
        leg.pending = text
        self.at(T1_S, self._again, leg, text)

    def _again(self, leg, text):
        if leg.pending is not text:
            return
        if time.monotonic() - leg.begun > GIVE_UP_S:
            self._over(leg, "lost")
            return
        self.sock.sendto(text, leg.peer)
        self.at(T1_S, self._again, leg, text)

    def bye(self, leg):
        """Only from the thread."""
        if leg.state != "up":
            return
        leg.state = "ending"
        invite = leg.invite
        contact = header(invite, b"Contact")
        uri = contact.split(b"<")[-1].split(b">")[0]
        text = b"\r\n".join([
            b"BYE " + uri + b" SIP/2.0",
            b"Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKb%d;rport"
            % (self.port, next(self.serial)),
            b"Max-Forwards: 70",
            b"From: " + header(invite, b"To") + b";tag=answerer",
            b"To: " + header(invite, b"From"),
            b"Call-ID: " + leg.call_id, b"CSeq: 1 BYE",
            b"Content-Length: 0", b"", b""])
        leg.pending = text
        self.sock.sendto(text, leg.peer)
        self.at(T1_S, self._again, leg, text)

    def _reply(self, request, peer, status, body=b""):
        lines = [b"SIP/2.0 " + status]
        for line in request.split(b"\r\n\r\n", 1)[0].split(b"\r\n")[1:]:
            name = line.split(b":", 1)[0].strip().lower()
            if name in (b"via", b"v", b"from", b"f", b"call-id", b"i",
                        b"cseq", b"record-route"):
                lines.append(line)
            elif name in (b"to", b"t"):
                lines.append(line if b"tag=" in line
                             else line + b";tag=answerer")
        lines.append(b"Contact: <sip:x@127.0.0.1:%d>" % self.port)
        if body:
            lines.append(b"Content-Type: application/sdp")
        lines.append(b"Content-Length: %d" % len(body))
        text = b"\r\n".join(lines) + b"\r\n\r\n" + body
        self.sock.sendto(text, peer)
        return text
