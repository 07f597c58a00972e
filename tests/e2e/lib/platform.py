# SPDX-License-Identifier: GPL-3.0-or-later
"""A platform of its own for a test: ./run with free ports and a temp dir."""
import fcntl
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))))


def _lock_ports(first, end, size, what):
    """-> (low, its lock): ports below the ephemeral ones, which the kernel
    gives to nobody, that no other test holds while the lock is open"""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for low in range(first, end, size):
            path = os.path.join(tempfile.gettempdir(),
                                f"bifrons-e2e-{what}-{low}.lock")
            lock = open(path, "w", encoding="ascii")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return low, lock
            except OSError:
                lock.close()
        time.sleep(0.5)
    raise AssertionError(f"too many tests at once: no {what} ports left")


def _own_ports(count=500):
    """(port, how many are left with it) of this process, over and over."""
    low, lock = _lock_ports(10000, 20000, count, "any")
    i = os.getpid() % count  # not those that the test before had
    with lock:
        while True:
            yield low + i, count - i
            i = (i + 1) % count


_ports = _own_ports()


def free_port(span=1):
    """A port free for TCP and UDP, with span - 1 free ones behind it. No
    other test is given it, nor a socket that takes what the kernel gives."""
    while True:
        port, left = next(_ports)
        if left < span:
            continue
        held = []
        try:
            for p in range(port, port + span):
                for k in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    s = socket.socket(socket.AF_INET, k)
                    held.append(s)
                    s.bind(("127.0.0.1", p))
            for _ in range(span - 1):
                next(_ports)
            return port
        except OSError:
            continue
        finally:
            for s in held:
                s.close()


def _hear_ctrl_c():
    """A shell's background job, as a test may be, was told to ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Reply:
    def __init__(self, status, headers, raw):
        self.status, self.headers, self.raw = status, headers, raw
        try:
            self.json = json.loads(raw) if raw else None
        except ValueError:
            self.json = None

    def __repr__(self):
        return f"HTTP {self.status} {self.raw[:400]!r}"


class Platform:
    """Started in the constructor; ready when it returns."""

    def __init__(self, env=None, wait=True):
        self.dir = tempfile.mkdtemp(prefix="bifrons-e2e-")
        self.http, self.ws = free_port(), free_port()
        self.sip = free_port(span=2)
        self.key = "bfk_" + os.urandom(24).hex()
        # (held as long as the platform)
        low, self.rtp_lock = _lock_ports(20000, 32000, 2000, "rtp")
        self.rtp = (low, low + 1999)
        self.env = dict(os.environ)
        self.env.update({
            "BIFRONS_DATA": os.path.join(self.dir, "data"),
            "BIFRONS_BIND": "127.0.0.1",
            "BIFRONS_HTTP_PORT": str(self.http),
            "BIFRONS_WS_PORT": str(self.ws),
            "BIFRONS_SIP_PORT": str(self.sip),
            "BIFRONS_SIPS_PORT": str(self.sip + 1),
            "BIFRONS_RTP_PORTS": f"{self.rtp[0]}-{self.rtp[1]}",
            "BIFRONS_KEY": self.key,
            # a machine that stood still is no overload
            "BIFRONS_SHED_LAG_MS": "10000",
        })
        self.env.update(env or {})
        self.process = None
        self.output = []
        try:
            self.start(wait)
        except AssertionError:
            self.rtp_lock.close()
            shutil.rmtree(self.dir, ignore_errors=True)
            raise

    def start(self, wait=True):
        self.output = []
        self.process = subprocess.Popen(
            [os.path.join(ROOT, "run")], cwd=ROOT, env=self.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True, preexec_fn=_hear_ctrl_c)
        threading.Thread(target=self._drain, args=(self.process,),
                         daemon=True).start()
        if wait:
            self.wait_ready()

    def _drain(self, process):
        for line in process.stdout:
            self.output.append(line.rstrip())

    def wait_ready(self, timeout_s=240):
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                # ./run says so a moment later, and only then watches Janus
                if any("Bifrons is ready" in x for x in self.output) and \
                        self.call("GET", "/readyz").status == 200:
                    # Janus may still be opening what is for browsers
                    socket.create_connection(("127.0.0.1", self.ws),
                                             5).close()
                    return
            except OSError:
                pass
            time.sleep(0.1)
        tail = "\n".join(self.output[-40:])
        self.kill_group()
        raise AssertionError(f"the platform did not get ready:\n{tail}")

    def janus_pid(self):
        """The janus process that listens on our SIP port's data directory."""
        own = self.process.pid
        children = {}
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8") as f:
                    comm, rest = f.read().rsplit(")", 1)
            except OSError:
                continue
            parent = int(rest.split()[1])
            children.setdefault(parent, []).append(
                (int(name), comm.split("(", 1)[1]))
        todo = [own]
        while todo:
            for pid, comm in children.get(todo.pop(), []):
                if comm.startswith("janus"):
                    return pid
                todo.append(pid)
        raise AssertionError("no janus process below ./run")

    def crash(self):
        """kill -9 of Janus; ready again when it returns."""
        old = self.janus_pid()
        os.kill(old, signal.SIGKILL)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                if self.janus_pid() != old:
                    break
            except AssertionError:
                pass
            time.sleep(0.05)
        self.wait_ready(60)

    def stop(self, sig=signal.SIGINT, timeout_s=30):
        """Ask ./run to end. -> (exit code, seconds it took)"""
        begin = time.monotonic()
        if self.process.poll() is None:
            os.kill(self.process.pid, sig)
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill_group()
            raise AssertionError(
                f"./run did not end within {timeout_s} s") from None
        return code, time.monotonic() - begin

    def kill_group(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def close(self):
        try:
            if self.process.poll() is None and self.stop()[0]:
                raise AssertionError(
                    f"it did not stop well: {self.output[-4:]}")
        finally:
            self.rtp_lock.close()
            keep = os.environ.get("BIFRONS_E2E_KEEP")
            if not keep:
                shutil.rmtree(self.dir, ignore_errors=True)

    # --- REST -----------------------------------------------------------

    def call(self, method, path, body=None, key=True, headers=None,
             raw=None):
        head = {"Accept": "application/json"}
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            head["Content-Type"] = "application/json"
        if key is True:
            head["Authorization"] = f"Bearer {self.key}"
        elif key:
            head["Authorization"] = f"Bearer {key}"
        head.update(headers or {})
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http}{path}", data=data, method=method,
            headers=head)
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return Reply(reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, error.headers, error.read())

    def _in_time(self, *args, **kw):
        """As docs/rest.md says: what took too long is asked for again."""
        end = time.monotonic() + 30
        while True:
            reply = self.call(*args, **kw)
            code = (reply.json or {}).get("code") if reply.status >= 400 \
                else None
            if code not in ("timeout", "idempotency_in_progress") or \
                    time.monotonic() > end:
                return reply
            time.sleep(0.2)

    def get(self, path, **kw):
        return self._in_time("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.call("POST", path, body if body is not None else {}, **kw)

    def create(self, path, body, **kw):
        head = {"Idempotency-Key": os.urandom(8).hex(),
                **(kw.pop("headers", None) or {})}
        reply = self._in_time("POST", path, body, headers=head, **kw)
        if reply.status != 201:
            raise AssertionError(f"POST {path}: {reply}")
        return reply.json

    def flow(self, number, actions, name="test"):
        """A flow and a number that it answers. -> flow"""
        flow = self.create("/v1/flows", {"name": name, "actions": actions})
        self.create("/v1/numbers", {"number": number, "flow_id": flow["id"]})
        return flow

    def call_of(self, caller):
        """The call that this SIP caller made, once its record is there."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for call in self.get("/v1/calls?page_size=20").json["result"]:
                if call["sip"] and call["sip"]["call_id"] == caller.call_id:
                    return call
            time.sleep(0.02)
        raise AssertionError(f"no call with Call-ID {caller.call_id}")

    def metrics(self):
        """-> {name with labels: value}"""
        out = {}
        for line in self.get("/metrics").raw.decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                out[name] = float(value)
        return out

    def descriptors(self):
        """-> Counter of what Janus has open, by kind ("socket", a path, …),
        without the store's: readers open their file when needed."""
        kinds, folder = Counter(), f"/proc/{self.janus_pid()}/fd"
        for name in os.listdir(folder):
            try:
                path = os.readlink(f"{folder}/{name}")
            except OSError:
                continue
            if ".sqlite" not in path:
                kinds[path.split(":", 1)[0]] += 1
        return kinds

    # --- the store, as anyone may read it ---------------------------------

    def sql(self, text, *args):
        path = os.path.join(self.env["BIFRONS_DATA"], "bifrons.sqlite")
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True,
                             timeout=10) as db:
            return db.execute(text, args).fetchall()

    def events(self, call_id=None):
        """The event documents in the order they were committed."""
        rows = self.sql("SELECT doc FROM event ORDER BY row")
        docs = [json.loads(r[0]) for r in rows]
        return [d for d in docs if call_id in (None, d.get("call_id"))]
