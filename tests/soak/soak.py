#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""See tests/soak/run. The tests build on one another, in this order."""
import gc
import os
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))

import machine  # noqa: E402
import measure  # noqa: E402  (and with it lib.*)
from lib.load import Load  # noqa: E402
from lib.sip import Caller  # noqa: E402
from lib.tap import check, equal, main, wait_for  # noqa: E402

CALLS = int(os.environ.get("SOAK_CALLS", "500"))
SECONDS = int(os.environ.get("SOAK_S", "60"))
SETUPS = int(os.environ.get("SOAK_SETUPS", "2000"))
LINGER_S = 36  # sofia keeps a transaction for 32 s
VANISH_S = 150  # silence is noticed after 60 s, a BYE given up after 32 s
WARM_UP_S = 20
HEAP_SLACK = 1 << 20


class Soak(measure.Bench):
    """A platform on all cores, and what it held at the start."""

    def __init__(self):
        cores = os.sched_getaffinity(0)
        super().__init__(measure.build(), (cores, cores), False)
        self.vanished = []

    def held(self):
        figures = self.p.metrics()
        return {"descriptors": self.p.descriptors().total(),
                "threads": len(os.listdir(f"/proc/{self.pid}/task")),
                "heap": int(figures["bifrons_heap_used_bytes"]),
                "RSS MiB": round(machine.rss_mib(self.pid), 1),
                "ports free": int(figures["bifrons_media_ports_free"])}


def setup():
    gc.disable()
    soak = Soak()
    # what is made at the first use stays, and so does what SQLite's cache
    # holds: have both made before we look
    soak.setup(100, WARM_UP_S)
    soak.media(measure.ECHO, 50, 2)
    time.sleep(LINGER_S)
    soak.start = soak.held()
    print(f"# at the start: {soak.start}", flush=True)
    return soak


def teardown(soak):
    if soak:
        soak.close()


def test_1_echo(soak):
    """500 echo calls for 60 s: no packet lost by us"""
    before = soak.p.metrics()
    out = soak.media(measure.ECHO, CALLS, SECONDS)
    after = soak.p.metrics()
    passed = {k: int(after[f"bifrons_media_{k}_packets_total"] -
                     before[f"bifrons_media_{k}_packets_total"])
              for k in ("received", "sent", "dropped")}
    print(f"# {out['sent']} sent, {out['received']} came back, "
          f"{out['lost']} lost; gaps p99.9 {out['gap_p999_ms']} ms, longest "
          f"{out['gap_max_ms']} ms; RSS {out['rss_mib']:.0f} MiB; machine "
          f"busy {100 * out['busy']:.0f} %; we counted {passed}")
    equal(out["calls_left"], CALLS, "calls that lived through it")
    equal(out["lost"], 0, "packets lost")
    equal(out["seq_jumps"], 0, "jumps in sequence numbers")
    equal(passed["sent"], passed["received"], "we sent what we received")


def test_2_setups(soak):
    """2,000 short calls at 100 a second: every one answered and ended"""
    out = soak.setup(100, SETUPS / 100)
    print(f"# {out['median_ms']:.2f} ms median to the 200, {out['resent']} "
          f"sent again, RSS {out['rss_mib']:.0f} MiB")
    equal(out["ended"], SETUPS, "calls answered and ended")


def test_3_vanishing(soak):
    """Peers die: without a BYE, before the ACK, with their TCP connection"""
    silent, rude = Load(soak.p.sip), Load(soak.p.sip)
    silent.start(measure.ECHO, 50, 50)
    silent.run(20, lambda: sum(c.state == "up"
                               for c in silent.calls.values()) == 50)
    real = rude.call

    def without_ack(number, port=9):
        call = real(number, port)
        call.auto_ack = False
        return call
    rude.call = without_ack
    rude.start(measure.ECHO, 50, 50)
    rude.run(20, lambda: sum(c.state == "up"
                             for c in rude.calls.values()) == 50)
    for load in (silent, rude):  # as if their machine had lost power
        load.close()
    for _ in range(20):
        caller = Caller(soak.p.sip, to=measure.ECHO, transport="tcp")
        caller.answer_of()
        caller.close()
    begin = time.monotonic()
    wait_for(lambda: soak.p.metrics()["bifrons_calls_live"] == 0, VANISH_S,
             "the end of the calls whose peer is gone", every_s=1)
    print(f"# the last ended after {time.monotonic() - begin:.0f} s")
    rows = soak.p.sql("SELECT hangup_reason, count(*) FROM call "
                      "WHERE status = 'ended' GROUP BY 1 ORDER BY 1")
    print(f"# ends of all calls: {dict(rows)}")
    equal(soak.p.janus_pid(), soak.pid, "the process")


def test_4_back_at_the_start(soak):
    """Descriptors, threads, ports and heap are back where they began"""
    time.sleep(LINGER_S)
    now = wait_for(lambda: _if_back(soak), 30, "descriptors and threads "
                   f"({soak.held()} now, {soak.start} at the start)", 1)
    print(f"# at the end: {now}")
    grown = now["heap"] - soak.start["heap"]
    check(grown <= HEAP_SLACK, f"the heap grew by {grown} bytes: "
          f"{soak.start} -> {now}")


def _if_back(soak):
    now = soak.held()
    return now if (now["descriptors"] <= soak.start["descriptors"] and
                   now["threads"] <= soak.start["threads"] and
                   now["ports free"] >= soak.start["ports free"]) else None


def test_5_events(soak):
    """Each of those calls has its whole story in the store"""
    broken = soak.p.sql(
        "SELECT call_id, count(*), max(sequence) FROM event"
        " WHERE call_id IS NOT NULL GROUP BY call_id"
        " HAVING count(*) <> max(sequence)"
        " OR sum(type = 'call.ended') <> 1 LIMIT 5")
    check(not broken, f"not whole: {broken}")
    equal(soak.p.sql("SELECT count(*) FROM call WHERE status <> 'ended'"),
          [(0,)], "calls without an end")


if __name__ == "__main__":
    main(globals(), summary=True)
