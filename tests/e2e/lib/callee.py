# SPDX-License-Identifier: GPL-3.0-or-later
"""A small SIP callee over UDP: rings, answers, refuses, as a test wants."""
import os
import socket
import threading
import time

from .rtp import Rtp
from .sip import SDP, Caller, Message
from .tap import check, wait_for


class Dialog:
    """One call that the platform made to us."""

    def __init__(self, callee, invite, peer):
        self.callee, self.invite, self.peer = callee, invite, peer
        self.call_id = invite.get("call-id")
        self.user = invite.start.split()[1].split(":", 1)[1].split("@")[0]
        self.tag = os.urandom(4).hex()
        self.rtp = Rtp()
        self.rtp.voice = callee.voice
        self.requests = [invite]  # all that came, in order
        self.offers = []          # SDP of INVITEs, the first one too
        self.responses = []       # to what we asked
        self.answered = self.acked = self.ended = self.canceled = False
        self.by_us = False
        self.cseq = self.acks = 0  # acks: of what we asked
        if invite.body:
            self.offers.append(invite.body)

    # --- what we say -------------------------------------------------------

    def respond(self, request, status, reason="Fine", sdp=None, extra=()):
        lines = [f"SIP/2.0 {status} {reason}"]
        for name, value in request.headers:
            if name in ("via", "v", "from", "f", "call-id", "i", "cseq",
                        "record-route"):
                lines.append(f"{name}: {value}")
        to = request.get("to")
        if ";tag=" not in to and status > 100:
            to += f";tag={self.tag}"
        lines += [f"To: {to}", f"Contact: <sip:{self.user}@127.0.0.1:"
                  f"{self.callee.port}>", *extra]
        if sdp:
            lines.append("Content-Type: application/sdp")
        body = sdp or ""
        lines.append(f"Content-Length: {len(body)}")
        self._send("\r\n".join(lines) + "\r\n\r\n" + body)

    def _send(self, text):
        try:
            self.callee.sock.sendto(text.encode(), self.peer)
        except OSError:
            pass

    def sdp(self):
        return SDP.format(port=self.rtp.port, pt=0, name="PCMU/8000")

    def _start_sound(self):
        if self.rtp.remote is None and self.offers:
            self.rtp.start(Caller.remote_media(self.offers[-1]))

    def ring(self):
        self.respond(self.invite, 180, "Ringing")

    def progress(self):
        """183 with our SDP: the caller may hear us."""
        self._start_sound()
        self.respond(self.invite, 183, "Session Progress", self.sdp())

    def answer(self, extra=()):
        self._start_sound()
        self.answered = True
        self.respond(self.invite, 200, "OK", self.sdp(), extra)

    def refuse(self, status, reason="No", extra=()):
        self.ended = True
        self.respond(self.invite, status, reason, extra=extra)

    def request(self, method, body="", extra=(), cseq=None):
        if cseq is None:
            self.cseq = cseq = self.cseq + 1
        contact = self.invite.get("contact")
        uri = contact.split("<")[1].split(">")[0]
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.callee.port}"
            f";branch=z9hG4bK{os.urandom(6).hex()};rport",
            "Max-Forwards: 70",
            f"From: {self.invite.get('to')};tag={self.tag}",
            f"To: {self.invite.get('from')}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:{self.user}@127.0.0.1:{self.callee.port}>",
            *extra]
        if body and "Content-Type" not in " ".join(extra):
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}")
        self._send("\r\n".join(lines) + "\r\n\r\n" + body)

    def bye(self):
        self.by_us = True
        self.request("BYE")

    # --- what they say -----------------------------------------------------

    def take(self, message):
        """A message of this dialog came."""
        if message.status:
            self.responses.append(message)
            if message.get("cseq").endswith("BYE"):
                self.ended = True
            if message.get("cseq").endswith("INVITE") and \
                    message.status == 200:
                self.request_ack(message)
            return
        self.requests.append(message)
        if message.method == "ACK":
            self.acked = True
        elif message.method == "CANCEL":
            self.respond(message, 200)
            if not self.answered and not self.ended:
                self.canceled = True
                self.refuse(487, "Request Terminated")
        elif message.method == "INVITE":
            self._again(message)
        elif message.method == "BYE":
            self.respond(message, 200)
            self.ended = True
        else:
            self.respond(message, 200)

    def request_ack(self, message):
        self.request("ACK", cseq=int(message.get("cseq").split()[0]))
        self.acks += 1

    def _again(self, message):
        """A retransmission, or a re-INVITE."""
        if message.get("cseq") == self.invite.get("cseq"):
            return
        if message.body:
            self.offers.append(message.body)
        direction = {"sendonly": "recvonly", "inactive": "inactive",
                     "recvonly": "sendonly"}.get(self.direction(), "sendrecv")
        self.respond(message, 200, "OK",
                     self.sdp() + f"a={direction}\r\n")

    def direction(self):
        """Of their newest offer."""
        for line in reversed(self.offers[-1].splitlines()):
            if line[2:] in ("sendrecv", "sendonly", "recvonly", "inactive"):
                return line[2:]
        return "sendrecv"

    # --- what a test asks --------------------------------------------------

    def hear(self, seconds):
        self.rtp.clear()
        time.sleep(seconds)
        return self.rtp.samples()

    def wait_ended(self, timeout_s=10):
        wait_for(lambda: self.ended, timeout_s, f"the end of {self.user}")

    def wait_canceled(self, timeout_s=10):
        wait_for(lambda: self.canceled, timeout_s,
                 f"the CANCEL for {self.user}")

    def wait_acked(self, timeout_s=10):
        wait_for(lambda: self.acked, timeout_s, f"the ACK of {self.user}")


class Callee:
    """Listens on a port of 127.0.0.1; behave(dialog) is called per INVITE.

    Without one it answers. Each dialog ends up in .calls.
    """

    def __init__(self, behave=None, voice=b""):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(0.2)
        self.port = self.sock.getsockname()[1]
        self.behave = behave or Dialog.answer
        self.voice = voice
        self.calls, self.by_id = [], {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def uri(self, user="bob"):
        return f"sip:{user}@127.0.0.1:{self.port}"

    def _receive(self):
        while not self._stop.is_set():
            try:
                data, peer = self.sock.recvfrom(65536)
            except socket.timeout:
                continue
            except OSError:
                return
            if len(data) > 8:
                self._take(Message(data.decode(errors="replace")), peer)

    def _take(self, message, peer):
        dialog = self.by_id.get(message.get("call-id"))
        if dialog:
            dialog.take(message)
        elif message.method == "INVITE":
            dialog = Dialog(self, message, peer)
            self.by_id[dialog.call_id] = dialog
            self.behave(dialog)
            self.calls.append(dialog)

    def wait_call(self, n=1, timeout_s=10):
        """-> the n-th call"""
        wait_for(lambda: len(self.calls) >= n, timeout_s, f"call {n}")
        return self.calls[n - 1]

    def close(self):
        self._stop.set()
        self._thread.join()
        self.sock.close()
        for dialog in self.calls:
            if dialog.rtp.remote:
                dialog.rtp.stop()
            else:
                dialog.rtp.sock.close()


def never(dialog):
    """Not a word."""


def ring(dialog):
    dialog.ring()


def busy(dialog):
    dialog.refuse(486, "Busy Here")


def decline(dialog):
    dialog.refuse(603, "Decline")


def refuse(status, reason="No"):
    return lambda dialog: dialog.refuse(status, reason)


def ring_and_answer(dialog):
    dialog.ring()
    dialog.answer()


def ended(p, call_id, timeout_s=10, **how):
    """The call's record, once it has ended."""
    def get():
        call = p.get(f"/v1/calls/{call_id}", **how).json
        return call if call["status"] == "ended" else None
    call = wait_for(get, timeout_s, f"the end of call {call_id}")
    check(call["hangup"], f"a hangup in {call}")
    return call
