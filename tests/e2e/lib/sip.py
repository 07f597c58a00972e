# SPDX-License-Identifier: GPL-3.0-or-later
"""A small SIP caller over UDP or TCP: enough to be polite, or rude."""
import os
import socket
import time

from .rtp import Rtp
from .tap import check, wait_for

SDP = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
       "t=0 0\r\nm=audio {port} RTP/AVP {pt} 101\r\n"
       "a=rtpmap:{pt} {name}\r\na=rtpmap:101 telephone-event/8000\r\n"
       "a=fmtp:101 0-16\r\na=ptime:20\r\n")


class Message:
    def __init__(self, text):
        head, _, self.body = text.partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.start = lines[0]
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.append((name.strip().lower(), value.strip()))

    def get(self, name, default=""):
        short = {"call-id": "i", "from": "f", "to": "t", "via": "v",
                 "content-length": "l", "contact": "m"}.get(name)
        for n, v in self.headers:
            if n in (name, short):
                return v
        return default

    @property
    def status(self):
        return int(self.start.split()[1]) if self.start.startswith("SIP/") \
            else 0

    @property
    def method(self):
        return "" if self.status else self.start.split()[0]


class Caller:
    """One call from 127.0.0.1 to the platform's SIP port."""

    def __init__(self, port, to="demo", user="tester", transport="udp",
                 rtp=None, headers=()):
        self.port, self.to, self.user = port, to, user
        self.transport = transport
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.sock = socket.socket(socket.AF_INET, kind)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.connect(("127.0.0.1", port))
        self.local = self.sock.getsockname()[1]
        self.call_id = os.urandom(8).hex()
        self.tag, self.to_tag = os.urandom(4).hex(), ""
        self.branch = "z9hG4bK" + os.urandom(6).hex()
        self.cseq = 1
        self.rtp = rtp or Rtp()
        self.headers = list(headers)
        self.contact = ""
        self._buffer = b""
        self.messages = []

    # --- the wire ----------------------------------------------------------

    def send_raw(self, text):
        self.sock.sendall(text if isinstance(text, bytes) else text.encode())

    def request(self, method, body="", cseq=None, branch=None, extra=(),
                uri=None):
        branch = branch or "z9hG4bK" + os.urandom(6).hex()
        host = f"127.0.0.1:{self.port}"
        uri = uri or self.contact or f"sip:{self.to}@{host}"
        to_tag = f";tag={self.to_tag}" if self.to_tag else ""
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{self.transport.upper()} "
            f"127.0.0.1:{self.local};branch={branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@127.0.0.1>;tag={self.tag}",
            f"To: <sip:{self.to}@{host}>{to_tag}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq or self.cseq} {method}",
            f"Contact: <sip:{self.user}@127.0.0.1:{self.local}"
            f";transport={self.transport}>",
            *extra]
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body.encode())}")
        text = "\r\n".join(lines) + "\r\n\r\n" + body
        self.send_raw(text)
        return text

    def respond(self, request, status, reason="OK"):
        lines = [f"SIP/2.0 {status} {reason}"]
        for name, value in request.headers:
            if name in ("via", "v", "from", "f", "to", "t", "call-id", "i",
                        "cseq"):
                lines.append(f"{name}: {value}")
        self.send_raw("\r\n".join(lines + ["Content-Length: 0"])
                      + "\r\n\r\n")

    def receive(self, timeout_s=5.0):
        """The next message, or None."""
        self.sock.settimeout(timeout_s)
        try:
            if self.transport == "udp":
                text = self.sock.recv(65536).decode(errors="replace")
            else:
                text = self._receive_stream()
        except socket.timeout:
            return None
        except ConnectionError:
            return None
        if not text:
            return None
        message = Message(text)
        self.messages.append(message)
        return message

    def _receive_stream(self):
        while True:
            head, sep, rest = self._buffer.partition(b"\r\n\r\n")
            if sep:
                message = Message(head.decode(errors="replace"))
                length = int(message.get("content-length") or 0)
                if len(rest) >= length:
                    self._buffer = rest[length:]
                    return (head + sep + rest[:length]).decode(
                        errors="replace")
            data = self.sock.recv(65536)
            if not data:
                return ""
            self._buffer += data

    def wait_status(self, wanted=None, cseq=None, timeout_s=10.0):
        """A response: of this code, or any final one. -> Message"""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            m = self.receive(max(0.05, end - time.monotonic()))
            if m is None:
                break
            if m.method:
                self._be_polite(m)
                continue
            if cseq and not m.get("cseq").startswith(f"{cseq} "):
                continue
            if m.status == wanted or (wanted is None and m.status >= 200):
                return m
        raise AssertionError(
            f"no {wanted or 'final response'}; got "
            f"{[x.start for x in self.messages]}")

    def wait_request(self, method, timeout_s=10.0):
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            m = self.receive(max(0.05, end - time.monotonic()))
            if m is None:
                break
            if m.method == method:
                return m
            if m.method:
                self._be_polite(m)
        raise AssertionError(
            f"no {method}; got {[x.start for x in self.messages]}")

    def _be_polite(self, m):
        if m.method not in ("ACK", "BYE"):
            self.respond(m, 200)

    # --- a call ------------------------------------------------------------

    def sdp(self, payload_type=0, name="PCMU/8000"):
        return SDP.format(port=self.rtp.port, pt=payload_type, name=name)

    def invite(self, sdp=None, extra=()):
        return self.request("INVITE", self.sdp() if sdp is None else sdp,
                            branch=self.branch,
                            extra=[*self.headers, *extra])

    def take(self, message):
        """Learn the dialog of a response and start the sound."""
        to = message.get("to")
        if ";tag=" in to:
            self.to_tag = to.split(";tag=")[1].split(";")[0]
        contact = message.get("contact")
        if "<" in contact:
            self.contact = contact.split("<")[1].split(">")[0]
        if message.body and self.rtp.remote is None:
            self.rtp.start(self.remote_media(message.body))

    @staticmethod
    def remote_media(sdp):
        host = port = None
        for line in sdp.splitlines():
            if line.startswith("c=") and host is None:
                host = line.split()[-1]
            if line.startswith("m=audio"):
                port = int(line.split()[1])
        check(host and port, f"no audio in the answer: {sdp}")
        return host, port

    def ack(self):
        self.request("ACK")

    def answer_of(self, sdp=None, extra=()):
        """INVITE, wait for the 200, ACK. -> the 200"""
        self.invite(sdp, extra)
        ok = self.wait_status(cseq=self.cseq)
        check(ok.status == 200, f"INVITE was answered {ok.start}")
        self.take(ok)
        self.ack()
        return ok

    def hear(self, seconds):
        """Listen for so long from now. -> samples"""
        self.rtp.clear()
        time.sleep(seconds)
        return self.rtp.samples()

    def talk(self, seconds):
        """Until so much more was said, however late."""
        until = self.rtp.frames + round(seconds * 50)
        wait_for(lambda: self.rtp.frames >= until, 10 + 5 * seconds,
                 f"{seconds} s of talk", every_s=0.02)

    def bye(self):
        self.cseq += 1
        self.request("BYE")
        return self.wait_status(200, cseq=self.cseq)

    def cancel(self):
        self.request("CANCEL", branch=self.branch, extra=(),
                     uri=f"sip:{self.to}@127.0.0.1:{self.port}")

    def close(self):
        if self.rtp.remote:
            self.rtp.stop()
        self.sock.close()
