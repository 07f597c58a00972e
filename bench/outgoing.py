# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that the platform makes: POST /v1/calls until the INVITE is out."""
import http.client
import json
import statistics
import threading
import time

import machine
import measure  # noqa: F401  (finds lib.*)

from lib.answerer import Answerer  # noqa: E402

HOLD_S = 0.1
CLIENTS = 4


class _Client(threading.Thread):
    """A connection that makes calls, each at its time."""

    def __init__(self, bench, far, jobs):
        super().__init__(daemon=True)
        self.bench, self.far, self.jobs = bench, far, jobs
        self.sent, self.refused = {}, 0
        self.start()

    def run(self):
        conn = http.client.HTTPConnection("127.0.0.1", self.bench.p.http)
        head = {"Authorization": f"Bearer {self.bench.p.key}",
                "Content-Type": "application/json"}
        for due, name in self.jobs:
            body = json.dumps({
                "source": "sip:bench@127.0.0.1",
                "destinations": [self.far.uri(name)],
                "flow_id": self.bench.flow_id})
            time.sleep(max(0, due - time.monotonic()))
            self.sent[name] = time.monotonic()
            conn.request("POST", "/v1/calls", body, head)
            reply = conn.getresponse()
            reply.read()
            self.refused += reply.status != 201
        conn.close()


def measure_rate(bench, rate, seconds):
    """So many calls a second, each hung up soon by who was called."""
    far, total = Answerer(), int(rate * seconds)
    far.on_up = lambda leg: far.at(HOLD_S, far.bye, leg)
    begin = time.monotonic() + 0.2
    jobs = [(begin + i / rate, f"c{i}") for i in range(total)]
    stolen, before = machine.Stolen(), machine.cpu_s(bench.pid)
    clients = [_Client(bench, far, jobs[n::CLIENTS]) for n in range(CLIENTS)]
    for client in clients:
        client.join()
    made = time.monotonic() - begin
    try:
        bench.rest()
        cpu = machine.cpu_s(bench.pid) - before
        steal, busy = stolen.share()
        sent = {k: v for c in clients for k, v in c.sent.items()}
        times = sorted(
            leg.begun - sent[leg.invite.split(b"sip:", 1)[1]
                             .split(b"@", 1)[0].decode()]
            for leg in far.legs.values())
        return {
            "rate": rate, "calls": total, "invites": len(times),
            "refused": sum(c.refused for c in clients),
            "answered": far.count["answered"], "ended": far.count["ended"],
            "took_s": made, "cpu_s": cpu, "per_1000": cpu / total * 1000,
            "median_ms": 1000 * statistics.median(times or [0]),
            "p99_ms": 1000 * times[int(len(times) * 0.99)] if times else 0,
            "steal": steal, "busy": busy,
            "clean": far.count["ended"] == total and made < seconds + 1}
    finally:
        far.close()


def ramp(bench, rates, seconds):
    steps, best = [], 0
    for rate in rates:
        step = measure_rate(bench, rate, seconds)
        steps.append(step)
        if not step["clean"]:
            break
        best = rate
    return {"highest_clean": best, "steps": steps}
