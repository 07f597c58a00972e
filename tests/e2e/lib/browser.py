# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser without a screen: libwebrtc in Node.js (tests/e2e/browser)."""
import fcntl
import json
import os
import signal
import subprocess

HERE = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "browser")


def install():
    """What package-lock.json names, once."""
    with open(os.path.join(HERE, ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = os.path.join(HERE, "node_modules", ".package-lock.json")
        wanted = os.path.join(HERE, "package-lock.json")
        if os.path.exists(done) and \
                os.path.getmtime(done) >= os.path.getmtime(wanted):
            return
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE,
                       check=True, stdout=subprocess.DEVNULL)


class Browser:
    """One participant. Every method waits for its answer."""

    script = "participant.js"

    def __init__(self, platform):
        install()
        self.process = subprocess.Popen(
            ["node", self.script], cwd=HERE, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.call_id = None
        self.ask("open", url=f"ws://127.0.0.1:{platform.ws}/")

    def ask(self, command, **rest):
        self.process.stdin.write(json.dumps({"command": command, **rest}) +
                                 "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the browser died at {command}")
        reply = json.loads(line)
        if "error" in reply:
            raise AssertionError(f"{command}: {reply['error']}")
        return reply["ok"]

    def register(self, token):
        return self.ask("register", token=token)

    def call(self, destination, **rest):
        """Dial, and wait until it is answered."""
        self.call_id = self.ask("dial", destination=destination,
                                **rest)["call_id"]
        self.ask("answered", ms=20000)

    def incoming(self, ms=20000):
        """Wait until a call rings. -> the event"""
        return self.ask("device_event", name="incoming_call", ms=ms)

    def ring_end(self, ms=20000):
        """Wait until it rings no more. -> the reason"""
        return self.ask("device_event", name="incoming_call_ended",
                        ms=ms)["reason"]

    def accept(self, call_id, **rest):
        """Take it, and wait until it is answered."""
        self.call_id = self.ask("accept", call_id=call_id, **rest)["call_id"]
        self.ask("answered", ms=20000)

    def decline(self, call_id):
        self.ask("decline", call_id=call_id)

    def hears(self, hz, ms=15000):
        """How strong: 1 is a full-scale sine. Waits for it."""
        return self.ask("hears", hz=hz, ms=ms)

    def send(self, **body):
        self.ask("send", body=body)

    def frames(self):
        return self.ask("frames")

    def freeze(self):
        """Neither sound nor reports come any more, nobody closed anything."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def kill(self):
        """As a crash: no word to anyone."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGCONT)
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
