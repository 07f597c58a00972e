# SPDX-License-Identifier: GPL-3.0-or-later
"""Browsers in an echo flow beside Janus's own EchoTest, in one Janus.

Both sides have the same participants, and take turns: what the machine does
besides meets both alike.
"""
import time

import machine
import measure  # (and with it lib.*)
from lib.crowd import Crowd, Missing, load_echotest, prepare, require

AUDIO, VIDEO = 20, 5  # calls at once
TURNS = 2
SETTLE_S = 3


def _window(bench, crowd, n, seconds):
    """CPU of Janus while the crowd talks."""
    crowd.talk()
    time.sleep(SETTLE_S)
    stolen, threads = machine.Stolen(), machine.threads_cpu_s(bench.pid)
    packets, cpu = crowd.count(), machine.cpu_s(bench.pid)
    begin = time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - begin
    cpu = machine.cpu_s(bench.pid) - cpu
    later, after = crowd.count(), machine.threads_cpu_s(bench.pid)
    steal, busy = stolen.share()
    return {"calls": n, "cpu_s": cpu, "took_s": took,
            "per_leg_minute": cpu / (n * took / 60),
            "steal": steal, "busy": busy,
            **{k: later[k] - packets[k] for k in packets},
            "threads": {k: round(v - threads.get(k, 0), 3)
                        for k, v in after.items()
                        if v - threads.get(k, 0) > 0.01}}


def _turn(bench, n, video, seconds, token):
    """With a token: the flow. Without: EchoTest."""
    crowd = Crowd(bench.p)
    bench.prioritize(crowd.process.pid)
    try:
        if token:
            crowd.flow(n, token, video)
        else:
            crowd.echotest(n, video)
        out = _window(bench, crowd, n, seconds)
        crowd.ask("leave")
    finally:
        crowd.close()
    measure.wait_for(
        lambda: bench.p.metrics()["bifrons_browser_handles"] == 0, 20,
        "the end of every browser")
    return out


def _compare(bench, n, video, seconds, token):
    turns = [(_turn(bench, n, video, seconds, None),
              _turn(bench, n, video, seconds, token)) for _ in range(TURNS)]
    out = {"turns": turns}
    for i, name in enumerate(("echotest", "flow")):
        side = [turn[i] for turn in turns]
        minutes = sum(w["calls"] * w["took_s"] for w in side) / 60
        out[name] = {
            "per_leg_minute": sum(w["cpu_s"] for w in side) / minutes,
            "sent_per_leg_s": sum(w["sent"] for w in side) / minutes / 60,
            "came_back": sum(w["received"] for w in side) /
            (sum(w["sent"] for w in side) or 1)}
    return out


def run(bench, opts, table, raw, say):
    """The rows, or a word why there are none."""
    try:
        require()
        bench.renew(load_echotest(bench.p))
    except Missing as why:
        say(f"no browsers: {why}")
        return
    token = prepare(bench.p)
    for n, video, name in ((AUDIO, False, f"{AUDIO} browsers"),
                           (VIDEO, True, f"{VIDEO} browsers with video")):
        say(f"{name}: EchoTest and the flow in turn")
        got = _compare(bench, n, video, opts.window, token)
        raw.append({name: got})
        unit = "CPU s / leg-minute"
        ours, theirs = got["flow"], got["echotest"]
        table.put(f"{name}: Janus's EchoTest", unit,
                  theirs["per_leg_minute"])
        table.put(f"{name}: echo", unit, ours["per_leg_minute"])
        table.put(f"{name}: echo against EchoTest", "×",
                  ours["per_leg_minute"] / theirs["per_leg_minute"],
                  must=1.2, aim=1.0, digits=2)
        table.put(f"{name}: packets a leg sent, EchoTest", "1/s",
                  theirs["sent_per_leg_s"], digits=1)
        table.put(f"{name}: packets a leg sent, echo", "1/s",
                  ours["sent_per_leg_s"], digits=1)
