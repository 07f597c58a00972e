#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""See tests/soak/run. The tests build on one another, in this order."""
import os
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(1, os.path.join(ROOT, "bench"))

import machine  # noqa: E402
import measure  # noqa: E402  (and with it lib.*)
from lib.crowd import (Crowd, Missing, load_echotest,  # noqa: E402
                       prepare, require)
from lib.tap import check, equal, main, wait_for  # noqa: E402

CALLS = int(os.environ.get("SOAK_BROWSERS", "500"))
AT_ONCE = 10
GONE_S = 15  # 5 s on a machine that has nothing else to do
BACK_S = 60
REST_S = 5  # what is freed late
WARM_UP_S = 20
LINGER_S = 36  # sofia keeps a transaction for 32 s
HEAP_SLACK = 1 << 20  # as for phones
WAYS = ("destroyed", "cut", "silent", "killed", "detached", "closed")
# reason and code of the call's hangup, as docs/browsers.md says
REASONS = {
    "destroyed": {"browser_lost"}, "detached": {"browser_lost"},
    "cut": {"browser_lost"}, "silent": {"media_timeout"},
    "killed": {"browser_lost", "media_timeout"},
    "closed": {"browser_lost", "media_timeout"},
}
GAUGES = ("bifrons_browser_handles", "bifrons_browser_devices",
          "bifrons_browser_legs", "bifrons_calls_live", "bifrons_media_legs")


class Soak(measure.Bench):
    """A platform on all cores whose Janus has EchoTest too."""

    def __init__(self):
        cores = os.sched_getaffinity(0)
        super().__init__(measure.build(), (cores, cores), False)
        try:
            self.renew(load_echotest(self.p))
            self.token = prepare(self.p)
        except BaseException:
            self.p.close()
            raise
        self.growth, self.ways, self.slowest = {}, {}, {}

    def held(self):
        figures = self.p.metrics()
        return {"descriptors": self.p.descriptors().total(),
                "threads": len(os.listdir(f"/proc/{self.pid}/task")),
                **{name[8:]: int(figures[name]) for name in GAUGES},
                "heap": int(figures["bifrons_heap_used_bytes"]),
                "RSS MiB": round(machine.rss_mib(self.pid), 1)}

    def back(self, start):
        """What is held, once it is no more than at the start."""
        def fetch():
            now = self.held()
            return now if all(now[k] <= start[k] for k in start if
                              k not in ("heap", "RSS MiB")) else None
        try:
            return wait_for(fetch, BACK_S, every_s=0.5)
        except AssertionError:
            raise AssertionError(
                f"not back after {BACK_S} s: {start} -> {self.held()}"
            ) from None

    def none(self, name):
        return self.p.metrics()[f"bifrons_{name}"] == 0

    def flow(self, n, way):
        """n calls that vanish in a way, and are gone soon."""
        crowd = Crowd(self.p)
        try:
            calls = crowd.flow(n, self.token)
            crowd.talk()
            begin = time.monotonic()
            vanish(crowd, way)
            wait_for(lambda: self.none("calls_live"), GONE_S,
                     f"the end of {n} calls, {way}")
            took = time.monotonic() - begin
        finally:
            crowd.close()
        # a handle lives as long as its WebSocket
        wait_for(lambda: self.none("browser_handles"), GONE_S,
                 f"the end of {n} handles, {way}")
        self.slowest[way] = max(took, self.slowest.get(way, 0))
        self.ways.setdefault(way, []).extend(calls)

    def echotest(self, n, way):
        crowd = Crowd(self.p)
        try:
            crowd.echotest(n)
            crowd.talk()
            vanish(crowd, way)
        finally:
            crowd.close()

    def rounds(self, one, calls):
        for i in range(0, calls, AT_ONCE):
            one(min(AT_ONCE, calls - i), WAYS[i // AT_ONCE % len(WAYS)])

    def grow(self, name, one):
        """Calls, and by how many bytes each made the heap grow.

        In halves: caches fill up in the first, a leak is in both.
        """
        start, halves = self.held(), []
        print(f"# before {CALLS} calls, {name}: {start}", flush=True)
        last = start
        for calls in (CALLS - CALLS // 2, CALLS // 2):
            self.rounds(one, calls)
            self.back(start)
            time.sleep(REST_S)
            now = self.back(start)
            halves.append((now["heap"] - last["heap"]) / max(calls, 1))
            last = now
        self.growth[name] = halves[1]
        print(f"# after them: {last}; {halves[0]:.0f} and {halves[1]:.0f} "
              "bytes of heap a call in the first and second half; load "
              f"average {machine.describe()['load']}", flush=True)


def vanish(crowd, way):
    if way == "silent":  # neither media nor a word, nothing is closed
        crowd.freeze()
    elif way == "killed":
        crowd.kill()
    else:
        crowd.ask({"destroyed": "destroy", "cut": "cut",
                   "detached": "detach", "closed": "close_connection"}[way])


def setup():
    soak = Soak()
    # what is made at the first use stays, and so does what SQLite's cache
    # holds, which browsers would be long to fill: phones do it
    soak.setup(100, WARM_UP_S)
    time.sleep(LINGER_S)
    soak.rounds(soak.echotest, AT_ONCE * len(WAYS))
    soak.rounds(soak.flow, AT_ONCE * len(WAYS))
    time.sleep(REST_S)
    soak.ways, soak.slowest, soak.start = {}, {}, soak.held()
    soak.start = soak.back({**soak.start, **{k[8:]: 0 for k in GAUGES}})
    print(f"# at the start: {soak.start}", flush=True)
    return soak


def teardown(soak):
    if soak:
        soak.p.close()


def test_1_echotest(soak):
    """Browsers of Janus's own EchoTest vanish: what Janus itself keeps"""
    soak.grow("EchoTest", soak.echotest)


def test_2_flow(soak):
    """Browsers in a flow vanish in every way: each call ends soon"""
    soak.grow("echo", soak.flow)
    print("# the slowest end: " + ", ".join(
        f"{way} {s:.1f} s" for way, s in soak.slowest.items()))
    equal(soak.p.janus_pid(), soak.pid, "the process")


def test_3_reasons(soak):
    """Each of those calls says why it ended, and has its whole story"""
    for way, calls in soak.ways.items():
        codes = {soak.p.get(f"/v1/calls/{call}").json["hangup"]["code"]
                 for call in calls}
        check(codes <= REASONS[way], f"{way}: {codes}")
    equal(sum(len(calls) for calls in soak.ways.values()), CALLS, "calls")
    equal(soak.p.sql("SELECT count(*) FROM call WHERE status <> 'ended'"),
          [(0,)], "calls without an end")
    broken = soak.p.sql(
        "SELECT call_id, count(*), max(sequence) FROM event"
        " WHERE call_id IS NOT NULL GROUP BY call_id"
        " HAVING count(*) <> max(sequence)"
        " OR sum(type = 'call.ended') <> 1 LIMIT 5")
    check(not broken, f"not whole: {broken}")


def test_4_back_at_the_start(soak):
    """Descriptors, threads, handles and calls are back; the heap is Janus's"""
    now = soak.back(soak.start)
    print(f"# at the end: {now}")
    ours, theirs = soak.growth["echo"], soak.growth["EchoTest"]
    print(f"# bytes of heap a call, second half: {ours:.0f}, "
          f"EchoTest {theirs:.0f}")
    check((ours - max(theirs, 0)) * CALLS / 2 <= HEAP_SLACK,
          f"the heap grew by {ours:.0f} bytes a call, "
          f"with EchoTest by {theirs:.0f}")


if __name__ == "__main__":
    measure.build()
    try:
        require()
    except Missing as missing:
        sys.exit(f"no browsers: {missing}")
    main(globals(), summary=True)
