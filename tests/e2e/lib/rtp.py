# SPDX-License-Identifier: GPL-3.0-or-later
"""A party's sound: sends u-law every 20 ms, keeps what it hears."""
import os
import socket
import struct
import threading
import time

from . import sound

SILENCE = b"\xff" * 160


class Rtp:
    def __init__(self, payload_type=0, dtmf_type=101):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(0.2)
        self.port = self.sock.getsockname()[1]
        self.payload_type, self.dtmf_type = payload_type, dtmf_type
        self.ssrc = int.from_bytes(os.urandom(4), "big")
        self.sequence = int.from_bytes(os.urandom(2), "big")
        self.timestamp = int.from_bytes(os.urandom(4), "big")
        self.remote = None
        self.voice = b""          # what is said, repeated; empty = silence
        self.frames = 0           # of 20 ms, said so far
        self.heard = []           # (arrival, sequence, timestamp, pt, bytes)
        self.events = []          # digits heard, once each
        self._event_stamps = set()
        self._mark = None         # the newest of our own that came
        self._digits = []
        self._stop = threading.Event()
        self._threads = []

    def start(self, remote):
        self.remote = remote
        for target in (self._receive, self._send):
            t = threading.Thread(target=target, daemon=True)
            t.start()
            self._threads.append(t)

    def stop(self):
        self._stop.set()
        for t in self._threads:
            t.join()
        self.sock.close()

    def press(self, digits):
        """Queue digits as RFC 4733 events of 100 ms."""
        self._digits.extend(digits)

    def samples(self):
        """All that was heard, decoded, as it came."""
        self._catch_up()
        data = b"".join(p[4] for p in list(self.heard)
                        if p[3] == self.payload_type)
        return sound.decode_ulaw(data)

    def clear(self):
        self._catch_up()
        self.heard = []

    def _catch_up(self):
        """What has come so far is in .heard: a packet of ours comes last."""
        mark = b"\0" + os.urandom(8)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            while self._mark != mark and self._threads and \
                    self._threads[0].is_alive():
                sock.sendto(mark, ("127.0.0.1", self.port))
                time.sleep(0.002)

    def _packet(self, payload_type, payload, stamp, marker=False):
        head = struct.pack("!BBHII", 0x80,
                           payload_type | (0x80 if marker else 0),
                           self.sequence & 0xFFFF, stamp & 0xFFFFFFFF,
                           self.ssrc)
        self.sequence += 1
        try:
            self.sock.sendto(head + payload, self.remote)
        except OSError:
            pass

    def _send(self):
        due = time.monotonic()
        position = 0
        event = None  # [code, stamp, ticks]
        while not self._stop.is_set():
            if event is None and self._digits:
                code = "0123456789*#ABCD".index(self._digits.pop(0))
                event = [code, self.timestamp, 0]
            if event is not None:
                self._send_event(event)
                if event[2] >= 8:
                    event = None
            else:
                frame = SILENCE
                if self.voice:
                    twice = self.voice + self.voice
                    frame = twice[position:position + 160]
                    position = (position + 160) % len(self.voice)
                self._packet(self.payload_type, frame, self.timestamp)
                self.frames += 1
            self.timestamp += 160
            due += 0.02
            time.sleep(max(0, due - time.monotonic()))

    def _send_event(self, event):
        code, stamp, ticks = event
        event[2] += 1
        ending = ticks >= 5  # three end packets
        duration = 160 * min(ticks + 1, 6)
        self._packet(self.dtmf_type,
                     struct.pack("!BBH", code, 10 | (0x80 if ending else 0),
                                 duration), stamp, marker=ticks == 0)

    def _receive(self):
        while not self._stop.is_set():
            try:
                data, _ = self.sock.recvfrom(2048)
            except socket.timeout:
                continue
            except OSError:
                return
            if data[:1] == b"\0":
                self._mark = data
            if len(data) < 12 or data[0] >> 6 != 2 or 64 <= data[1] & 127 < 96:
                continue
            sequence, stamp = struct.unpack("!HI", data[2:8])
            kind = data[1] & 0x7F
            if kind == self.dtmf_type and stamp not in self._event_stamps:
                self._event_stamps.add(stamp)
                self.events.append("0123456789*#ABCD"[data[12] & 15])
            self.heard.append((time.monotonic(), sequence, stamp, kind,
                               data[12:]))
