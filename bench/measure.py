# SPDX-License-Identifier: GPL-3.0-or-later
"""The measurements. Each gives back a dict of figures."""
import json
import os
import select
import statistics
import subprocess
import sys
import time

import machine

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

from lib import sound  # noqa: E402
from lib.load import Load  # noqa: E402
from lib.platform import Platform  # noqa: E402
from lib.tap import wait_for  # noqa: E402

ECHO, PLAY, PLAY_WAV = "+4520000001", "+4520000002", "+4520000003"
SERVER_RTP = "20000-29999"  # ours is the lower half
REFLECTOR_RTP = 25000
LOAD_RTP = 27000
START_RATE = 50  # calls a second when a number of calls is built up
LOAD_MAX = 3000  # calls a second that lib.load can make, and hear out
SETTLE_S = 2
HOLD_S = 0.1  # of a call in the set-up benches


ALL_CORES = os.sched_getaffinity(0)
TOOLS = ("reflector", "rtpload", "httpload", "sseload")


def build():
    """The platform by ./run, the load programs here. -> {name: path}"""
    folder = os.path.join(ROOT, "build", "bench")
    os.makedirs(folder, exist_ok=True)
    if subprocess.call([os.path.join(ROOT, "run"), "--build-only"]):
        sys.exit("the build failed")
    tools = {}
    for name in TOOLS:
        source = os.path.join(ROOT, "bench", name + ".c")
        tools[name] = os.path.join(folder, name)
        if not os.path.exists(tools[name]) or \
                os.path.getmtime(tools[name]) < os.path.getmtime(source):
            subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-O2",
                            "-D_GNU_SOURCE", "-o", tools[name], source, "-lm"],
                           check=True)
    return tools


def build_program(name):
    """One of Makefile.am's. None without cmocka, on which they depend."""
    build_dir = os.environ.get("BIFRONS_BUILD_DIR",
                               os.path.join(ROOT, "build"))
    if subprocess.call(["make", "-s", "-C", build_dir, f"bench/{name}"]):
        return None
    return os.path.join(build_dir, "bench", name)


def webhooks(seconds):
    """The webhook module alone, store and sink beside it on the same
    cores."""
    program = build_program("webhook_bench")
    if not program:
        return None
    os.sched_setaffinity(0, ALL_CORES)
    run = subprocess.run([program, str(seconds)], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True, check=True)
    return json.loads(run.stdout)


class Bench:
    """A platform on one core, the load on the other."""

    def __init__(self, tools, cores, prefer):
        self.tools, self.server_cores, self.load_cores = tools, *cores
        self.all_cores = cores[0] | cores[1]
        self.prefer = prefer
        os.sched_setaffinity(0, self.server_cores)
        try:
            self.p = Platform(env={"BIFRONS_RTP_PORTS": SERVER_RTP,
                                   "BIFRONS_SHED_LAG_MS": ""})
        finally:
            os.sched_setaffinity(0, self.load_cores)
        self.prioritize(os.getpid())
        self.renew(self.p.janus_pid())
        time.sleep(1)
        self.rss_start = machine.rss_mib(self.pid)
        self.p.create("/v1/trunks", {"name": "bench",
                                     "allowed_ips": ["127.0.0.1/32"]})
        self.flow_id = self.p.flow(
            ECHO, [{"type": "answer"},
                   {"type": "echo", "option": {"duration_ms": 3600000}}])["id"]
        self.p.flow(PLAY, [
            {"type": "answer"},
            {"type": "play", "option": {"stream_urls": ["tone:440+480"]}}])
        self.upload("bench")
        self.p.flow(PLAY_WAV, [
            {"type": "answer"},
            {"type": "play", "option": {"stream_urls": ["media:bench"],
                                        "loop": 0}}])

    def upload(self, name):
        """Ten seconds of a tone, as a WAV of 16 kHz."""
        path = os.path.join(self.p.dir, name + ".wav")
        sound.write_tone_wav(path, 440, 10, 16000)
        with open(path, "rb") as f:
            reply = self.p.call("POST", f"/v1/media?name={name}",
                                raw=f.read(),
                                headers={"Content-Type": "audio/wav"})
        if reply.status != 201:
            raise AssertionError(f"upload: {reply}")

    def prioritize(self, pid, nice=-10):
        """Ahead of what else the machine does; all sides alike."""
        if self.prefer:
            self.prefer = machine.prefer(pid, nice)

    def renew(self, pid):
        """Its Janus was started again."""
        self.pid = pid
        self.prioritize(pid)

    def close(self):
        self.p.close()

    def rest(self):
        """Until the calls are gone."""
        wait_for(lambda: self.p.metrics()["bifrons_media_legs"] == 0, 90,
                 "the end of every call", every_s=0.2)

    # --- media -----------------------------------------------------------

    def _window(self, pid, streams, seconds, step, options=()):
        """rtpload over streams; CPU of pid in its window."""
        tool = subprocess.Popen(
            [self.tools["rtpload"], str(seconds), str(SETTLE_S), *options,
             "-m"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.prioritize(tool.pid, -20)  # it is the clock of all gaps
        tool.stdin.write("".join(line + "\n" for line in streams))
        tool.stdin.close()
        marks, line, stolen = {}, "", None
        fd = tool.stdout.fileno()
        buffer = ""
        while True:
            step(0.01)
            if not select.select([fd], [], [], 0)[0]:
                continue
            data = os.read(fd, 65536).decode()
            if not data:
                break
            buffer += data
            while "\n" in buffer:
                line, _, buffer = buffer.partition("\n")
                if line == "begin":
                    stolen = machine.Stolen()
                    marks["threads"] = machine.threads_cpu_s(pid)
                if line in ("begin", "end"):
                    marks[line] = machine.cpu_s(pid)
                if line == "end":
                    after = machine.threads_cpu_s(pid)
                    steal, busy = stolen.share()
                    rss = machine.rss_mib(pid)
        if tool.wait() or "end" not in marks:
            raise AssertionError("rtpload failed")
        out = json.loads(line)
        cpu = marks["end"] - marks["begin"]
        out.update({
            "cpu_s": cpu, "rss_mib": rss, "steal": steal, "busy": busy,
            "per_call_minute": cpu / (len(streams) * seconds / 60),
            "threads": {k: round(v - marks["threads"].get(k, 0), 3)
                        for k, v in after.items()
                        if v - marks["threads"].get(k, 0) > 0.01}})
        return out

    def reflector(self, n, seconds):
        os.sched_setaffinity(0, self.server_cores)
        tool = subprocess.Popen(
            [self.tools["reflector"], str(n), str(REFLECTOR_RTP)],
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        os.sched_setaffinity(0, self.load_cores)
        self.prioritize(tool.pid)
        try:
            streams = [f"{tool.stdout.readline().strip()} {LOAD_RTP + 2 * i}"
                       for i in range(n)]
            return self._window(tool.pid, streams, seconds, time.sleep)
        finally:
            tool.terminate()
            tool.wait()

    def engine(self, program, what, n, seconds):
        """n streams through the media engine alone: media_bench's `what`."""
        os.sched_setaffinity(0, self.server_cores)
        tool = subprocess.Popen(
            [program, str(2 * n if what == "opus" else n), what],
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        os.sched_setaffinity(0, self.load_cores)
        self.prioritize(tool.pid)
        try:
            streams = [f"{tool.stdout.readline().strip()} {LOAD_RTP + 2 * i}"
                       for i in range(n)]
            return self._window(tool.pid, streams, seconds, time.sleep,
                                ["-v"] if what == "opus" else [])
        finally:
            tool.terminate()
            tool.wait()

    def media(self, number, n, seconds):
        """n calls to a number, each sending and receiving."""
        load, up = Load(self.p.sip), []
        load.on_answer = up.append
        try:
            load.start(number, START_RATE, n,
                       (LOAD_RTP + 2 * i for i in range(n)))
            if not load.run(n / START_RATE + 15, lambda: len(up) == n):
                raise AssertionError(f"{len(up)} of {n} calls were answered "
                                     f"({load.count}, {load.statuses})")
            streams = [f"127.0.0.1:{c.media} {c.port}" for c in up]
            out = self._window(self.pid, streams, seconds, load.step)
            out["calls_left"] = sum(c.state == "up" for c in up)
            for call in up:
                call.bye()
                load.step(0.002)
            load.run(10, lambda: load.live == 0)
        finally:
            load.close()
        self.rest()
        return out

    # --- set-up ------------------------------------------------------------

    def _calls(self, rate, seconds):
        """That many a second, each hung up soon. -> (Load, times, took)"""
        load, times = Load(self.p.sip), []

        def answered(call):
            times.append(call.answered - call.begun)
            load.at(HOLD_S, call.bye)
        load.on_answer = answered
        total = int(rate * seconds)
        begin = time.monotonic()
        load.start(ECHO, rate, total)
        load.run(seconds + 40, lambda: sum(load.count.values()) == total)
        took = time.monotonic() - begin
        load.run(0.5)
        load.close()
        return load, sorted(times), took

    def setup(self, rate, seconds):
        self.rest()
        threads = machine.threads_cpu_s(self.pid)
        stolen, before = machine.Stolen(), machine.cpu_s(self.pid)
        load, times, took = self._calls(rate, seconds)
        cpu = machine.cpu_s(self.pid) - before
        after = machine.threads_cpu_s(self.pid)
        steal, busy = stolen.share()
        total = int(rate * seconds)
        return {"rate": rate, "calls": total, "took_s": took,
                "ended": load.count["ended"],
                "refused": load.count["refused"],
                "failed": load.count["failed"], "resent": load.resent,
                "cpu_s": cpu, "per_1000": cpu / total * 1000,
                "median_ms": 1000 * statistics.median(times or [0]),
                "p99_ms": 1000 * (times or [0])[int(len(times) * 0.99)]
                if times else 0, "rss_mib": machine.rss_mib(self.pid),
                "steal": steal, "busy": busy,
                "clean": load.count["ended"] == total and not load.resent
                and took < seconds + 1,
                "threads": {k: round(v - threads.get(k, 0), 3)
                            for k, v in after.items()
                            if v - threads.get(k, 0) > 0.01}}

    def ramp(self, rates, seconds):
        """The highest clean rate; each gets a second chance."""
        steps, best = [], 0
        for rate in rates:
            step = self.setup(rate, seconds)
            if not step["clean"]:
                steps.append(step)
                step = self.setup(rate, seconds)
            steps.append(step)
            if not step["clean"]:
                break
            best = rate
        return {"highest_clean": best, "steps": steps}

    def overload(self, rate, seconds, echoes=50):
        """Far too many calls beside some that are up; then 50 a second."""
        media, up = Load(self.p.sip), []
        media.on_answer = up.append
        media.start(ECHO, START_RATE, echoes,
                    (LOAD_RTP + 2 * i for i in range(echoes)))
        media.run(15, lambda: len(up) == echoes)
        load, calls = Load(self.p.sip), []
        load.on_answer = lambda call: load.at(HOLD_S, call.bye)
        load.on_end = calls.append
        begin = time.monotonic()
        state = {"stop": 0.0}

        def stop_load():
            state["stop"] = time.monotonic()
            load.start(ECHO, START_RATE, 5 * START_RATE)

        load.at(SETTLE_S, load.start, ECHO, rate, int(rate * seconds))
        load.at(SETTLE_S + seconds, stop_load)

        def step(timeout_s):
            load.step(timeout_s)
            media.step(0)
        out = self._window(self.pid,
                           [f"127.0.0.1:{c.media} {c.port}" for c in up],
                           int(seconds) + 6, step)
        load.run(20, lambda: load.live == 0)
        for call in up:
            call.bye()
        media.run(5, lambda: media.live == 0)
        left = sum(c.state != "ended" for c in up)
        load_lost = machine.udp_lost(load.local)
        load.close()
        media.close()
        during = [c for c in calls if c.begun < state["stop"]]
        late = [c for c in calls if c.begun >= state["stop"]]
        bad = [c.begun for c in late if c.status != 200 or
               c.answered - c.begun > 0.1 or c.resent]
        times = sorted(c.answered - c.begun for c in during
                       if c.status == 200)
        refusals = sorted(c.answered - c.begun for c in during
                          if c.state == "refused")
        span = max(c.begun for c in during) - min(c.begun for c in during)
        return {
            "asked_per_s": rate, "offered_per_s": len(during) / (span or 1),
            "answered": len(times), "refused": len(refusals),
            "answered_per_s": len(times) / (span or 1),
            "failed": sum(c.state == "failed" for c in during),
            "refused_other": sum(c.state == "refused" and c.status != 503
                                 for c in during),
            "no_retry_after": sum(c.state == "refused" and not c.retry_after
                                  for c in during),
            "answer_p99_ms": 1000 * times[int(len(times) * .99)]
            if times else None,
            "refusal_p99_ms": 1000 * refusals[int(len(refusals) * .99)]
            if refusals else None,
            "recovery_s": max(bad) - state["stop"] if bad else 0.0,
            "load_lost": load_lost, "established_harmed": left, "media_lost": out["lost"],
            "media_gap_p999_ms": out["gap_p999_ms"],
            "media_gap_max_ms": out["gap_max_ms"],
            "rss_mib": machine.rss_mib(self.pid),
            "took_s": time.monotonic() - begin,
            "steal": out["steal"], "busy": out["busy"]}

    # --- the rest ------------------------------------------------------------

    def idle(self, seconds):
        before = machine.fine_cpu_s(self.pid)
        time.sleep(seconds)
        return {"share": (machine.fine_cpu_s(self.pid) - before) / seconds}

    def rest_reads(self, seconds, connections=32):
        """GET of one flow, on both cores, shared with the load."""
        machine.pin(self.pid, self.all_cores)
        os.sched_setaffinity(0, self.all_cores)
        try:
            before = machine.cpu_s(self.pid)
            done = subprocess.run(
                [self.tools["httpload"], str(self.p.http),
                 f"/v1/flows/{self.flow_id}", str(connections), str(seconds),
                 self.p.key], stdout=subprocess.PIPE, text=True, check=True)
            out = json.loads(done.stdout)
            out["cpu_s"] = machine.cpu_s(self.pid) - before
            return out
        finally:
            machine.pin(self.pid, self.server_cores)
            os.sched_setaffinity(0, self.load_cores)

    # --- events --------------------------------------------------------------

    def event_streams(self, clients, rate, seconds):
        """Calls at a rate, five events each, to so many open streams."""
        self.rest()
        before_mib = machine.rss_mib(self.pid)
        tool = subprocess.Popen(
            [self.tools["sseload"], str(self.p.http), str(clients),
             str(seconds + 3), self.p.key], stdout=subprocess.PIPE, text=True)
        if tool.stdout.readline() != "open\n":
            raise AssertionError("sseload failed")
        time.sleep(1)
        before, threads = machine.cpu_s(self.pid), \
            machine.threads_cpu_s(self.pid)
        self._calls(rate, seconds)
        cpu = machine.cpu_s(self.pid) - before
        after = machine.threads_cpu_s(self.pid)
        out = json.loads(tool.stdout.readline())
        if tool.wait():
            raise AssertionError("sseload failed")
        out.update({
            "rate": rate, "cpu_s": cpu, "mib": machine.rss_mib(self.pid) -
            before_mib,
            "cpu_us_per_delivery": 1e6 * cpu / max(
                1, out["events"] * clients),
            "threads": {k: round(v - threads.get(k, 0), 3)
                        for k, v in after.items()
                        if v - threads.get(k, 0) > 0.01}})
        return out
