# SPDX-License-Identifier: GPL-3.0-or-later
"""A real softphone: baresip, driven over its control socket.

It says a WAV file and keeps what it heard in a WAV file of its own.
"""
import glob
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

from . import sound
from .platform import free_port
from .tap import wait_for

CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{sip}
sip_trans_def {transport}
call_local_timeout 120
call_max_calls 4
audio_player aubridge,{name}
audio_source aufile,{voice}
audio_alert aubridge,{name}-alert
rtp_ports {rtp_low}-{rtp_high}
jitter_buffer_delay 5-10
snd_path {dir}
module_path /usr/lib/baresip/modules
module stdio.so
module {codec_module}
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{ctrl}
"""

CODEC_MODULES = {"PCMU/8000": "g711.so", "PCMA/8000": "g711.so",
                 "G722/16000": "g722.so", "opus/48000/2": "opus.so"}


class Phone:
    def __init__(self, voice_hz=1000, codec="PCMU/8000", transport="udp"):
        self.dir = tempfile.mkdtemp(prefix="bifrons-phone-")
        self.codec = codec
        rate = int(codec.split("/")[1])
        voice = os.path.join(self.dir, "voice.wav")
        channels = int((codec.split("/") + ["1"])[2])
        sound.write_tone_wav(voice, voice_hz, 30, rate, channels)
        self.ctrl = free_port()
        rtp_low = free_port(span=20)
        with open(os.path.join(self.dir, "config"), "w",
                  encoding="utf-8") as f:
            f.write(CONFIG.format(
                sip=free_port(span=2), transport=transport, name="player",
                voice=voice, rtp_low=rtp_low, rtp_high=rtp_low + 19,
                dir=self.dir, codec_module=CODEC_MODULES[codec],
                ctrl=self.ctrl))
        with open(os.path.join(self.dir, "accounts"), "w",
                  encoding="utf-8") as f:
            name, *rest = codec.split("/")
            f.write(f"<sip:phone@127.0.0.1;transport={transport}>;regint=0;"
                    f"audio_codecs={name}/{'/'.join(rest)}\n")
        with open(os.path.join(self.dir, "contacts"), "w",
                  encoding="utf-8"):
            pass
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.process = subprocess.Popen(
            ["baresip", "-f", self.dir], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT)
        self.sock = wait_for(self._connect, 30, "baresip's control socket")
        self._buffer = b""
        self.events = []

    def _connect(self):
        try:
            return socket.create_connection(("127.0.0.1", self.ctrl))
        except OSError:
            return None

    def command(self, name, params=""):
        text = json.dumps({"command": name, "params": params}).encode()
        self.sock.sendall(str(len(text)).encode() + b":" + text + b",")

    def _read(self, timeout_s):
        self.sock.settimeout(timeout_s)
        try:
            data = self.sock.recv(65536)
        except socket.timeout:
            return
        self._buffer += data
        while b":" in self._buffer:
            size, _, rest = self._buffer.partition(b":")
            if not size.isdigit() or len(rest) < int(size) + 1:
                return
            self.events.append(json.loads(rest[:int(size)]))
            self._buffer = rest[int(size) + 1:]

    def wait_event(self, kind, timeout_s=15):
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            for event in self.events:
                if event.get("type") == kind:
                    self.events.remove(event)
                    return event
            self._read(0.5)
        raise AssertionError(f"baresip: no {kind}; got "
                             f"{[e.get('type') for e in self.events]}; see "
                             f"{self.log_text()[-1500:]}")

    def log_text(self):
        with open(os.path.join(self.dir, "log"), "rb") as f:
            return f.read().decode(errors="replace")

    def dial(self, uri):
        self.command("dial", uri)
        return self.wait_event("CALL_ESTABLISHED")

    def press(self, digit):
        self.command("sndcode", digit)

    def hang_up(self):
        self.command("hangup")
        self.wait_event("CALL_CLOSED")

    def _recording(self):
        return sorted(glob.glob(os.path.join(self.dir, "dump-*-dec.wav")))[-1]

    def heard_so_far(self):
        """As heard(), while the call is up: the file's head is not final."""
        with open(self._recording(), "rb") as f:
            raw = f.read()
        channels, rate = struct.unpack_from("<HI", raw, 22)
        begin = raw.index(b"data") + 8
        return [int.from_bytes(raw[i:i + 2], "little", signed=True)
                for i in range(begin, len(raw) - 1, 2 * channels)], rate

    def heard(self):
        """The recording of what was heard: (samples, rate). baresip closes
        it a moment after it told of the call's end."""
        def whole():
            path = self._recording()
            with open(path, "rb") as f:
                size = struct.unpack("<4sI", f.read(8))[1]
            return size + 8 == os.path.getsize(path) and path
        return sound.read_wav(wait_for(whole, what="the whole recording"))

    def close(self):
        self.command("quit")
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.sock.close()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)
