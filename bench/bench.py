#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds, starts a platform on one core and loads it from the other.

Prints a table with targets and writes all figures to bench/results/.
"""
import argparse
import gc
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import machine  # noqa: E402
import measure  # noqa: E402  (and with it lib.*)
import browsers  # noqa: E402
import report  # noqa: E402

ROOT = measure.ROOT
PARTS = ("webhooks", "idle", "light", "media", "bridges", "setup", "rest",
         "events", "ramp", "browsers")


def arguments():
    a = argparse.ArgumentParser(
        prog="bench/run", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--quick", action="store_true",
                   help="short windows, 100 and 500 calls: about 3 minutes")
    a.add_argument("--runs", type=int, default=1, metavar="N",
                   help="repeat and show min / median / max (1)")
    a.add_argument("--only", default="", metavar="PART,...",
                   help="some of: " + " ".join(PARTS))
    a.add_argument("--calls", default="", metavar="N,...",
                   help="numbers of calls with media (100,250,500)")
    a.add_argument("--window", type=int, default=0, metavar="S",
                   help="seconds that are measured (20)")
    a.add_argument("--strict", action="store_true",
                   help="exit 1 when a target is missed")
    opts = a.parse_args()
    opts.parts = opts.only.split(",") if opts.only else list(PARTS)
    for part in opts.parts:
        if part not in PARTS:
            a.error(f"--only {part}: it is one of {' '.join(PARTS)}")
    opts.counts = [int(n) for n in opts.calls.split(",")] if opts.calls \
        else [100, 500] if opts.quick else [100, 250, 500]
    opts.window = opts.window or (8 if opts.quick else 20)
    return opts


def say(text):
    print(f"[{time.monotonic() - STARTED:7.1f} s] {text}", flush=True)


def two_cores():
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        say("one core only: server and load share it")
        return {cores[0]}, {cores[0]}
    return {cores[0]}, {cores[1]}


def media(bench, opts, table, raw):
    for n in opts.counts:
        say(f"{n} streams: the reflector, then echo, then a tone")
        floor = bench.reflector(n, opts.window)
        echo = bench.media(measure.ECHO, n, opts.window)
        play = bench.media(measure.PLAY, n, opts.window)
        raw.append({f"reflector {n}": floor, f"echo {n}": echo,
                    f"play {n}": play})
        unit = "CPU s / call-minute"
        base = floor["per_call_minute"]
        table.put(f"reflector, N = {n}", unit, base, digits=4)
        table.put(f"echo, N = {n}", unit, echo["per_call_minute"], digits=4)
        table.put(f"echo, N = {n}, against the reflector", "×",
                  echo["per_call_minute"] / base, must=1.7, aim=1.2,
                  digits=2)
        table.put(f"play a tone, N = {n}", unit, play["per_call_minute"],
                  must=0.06, aim=0.035, digits=4)
        table.put(f"echo, N = {n}: packets lost of {echo['sent']}", "",
                  echo["lost"], must=0, digits=0)
        table.put(f"echo, N = {n}: gap p99.9 (reflector "
                  f"{floor['gap_p999_ms']:.0f})", "ms", echo["gap_p999_ms"],
                  must=30, digits=1)
        table.put(f"echo, N = {n}: longest gap (reflector "
                  f"{floor['gap_max_ms']:.0f})", "ms", echo["gap_max_ms"],
                  must=60, digits=1)
        table.put(f"echo, N = {n}: sequence jumps", "", echo["seq_jumps"],
                  must=0, digits=0)
        table.put(f"play, N = {n}: gap p99.9", "ms", play["gap_p999_ms"],
                  must=30, digits=1)
        say(f"{n} streams: a WAV")
        wav = bench.media(measure.PLAY_WAV, n, opts.window)
        raw.append({f"play WAV {n}": wav})
        table.put(f"play a WAV, N = {n}", unit, wav["per_call_minute"],
                  must=0.06, aim=0.035, digits=4)
        table.put(f"play a WAV, N = {n}: gap p99.9", "ms",
                  wav["gap_p999_ms"], must=30, digits=1)
        if n == 500:
            table.put("memory at 500 calls", "MiB",
                      max(echo["rss_mib"], play["rss_mib"]), must=100,
                      aim=70, digits=1)


def bridges(bench, opts, table, raw):
    program = measure.build_program("media_bench")
    if not program:
        return
    n = 100
    say(f"{n} streams through the media engine alone: bridges and taps")
    base = bench.reflector(n, opts.window)["per_call_minute"]
    got = {what: bench.engine(program, what, n, opts.window)
           for what in ("bridge", "opus", "tap")}
    raw.append({f"{what} {n}": out for what, out in got.items()})
    unit = "CPU s / call-minute"
    table.put(f"bridge, same codec, N = {n}, against the reflector", "×",
              got["bridge"]["per_call_minute"] / base, must=2, aim=1.3,
              digits=2)
    table.put(f"bridge, N = {n}: packets lost of {got['bridge']['sent']}", "",
              got["bridge"]["lost"], must=0, digits=0)
    # as many bridges as streams; half of them are between two streams
    table.put(f"bridge PCMU to Opus, N = {n}, of one bridge", unit,
              got["opus"]["per_call_minute"], must=0.7, aim=0.35)
    table.put(f"echo and a tap, N = {n}", unit,
              got["tap"]["per_call_minute"], must=0.10, aim=0.06)


def ramp(bench, opts, table, raw):
    rates = [400, 800, 1000, 1200, 1500, 1800, 2200]
    if opts.quick:
        rates = [800, 1200, 1500]
    say("calls a second, upwards")
    found = bench.ramp(rates, 4 if opts.quick else 6)
    best = found["highest_clean"]
    # beyond that it is the load that is late
    rate = min(max(2 * best, 2000), measure.LOAD_MAX)
    say(f"clean up to {best}/s; now {rate}/s beside 50 echoes")
    over = bench.overload(rate, 5 if opts.quick else 8)
    raw.append({"ramp": found, "overload": over})
    table.put("highest clean rate", "calls/s", best, must=800, aim=1500,
              digits=0, higher=True)
    table.put("overload: offered", "calls/s", over["offered_per_s"],
              digits=0)
    table.put("overload: answered", "calls/s", over["answered_per_s"],
              digits=0)
    table.put("overload: answers that the load itself lost", "",
              over["load_lost"], must=0, digits=0)
    table.put("overload: calls lost (no answer at all)", "", over["failed"],
              must=0, digits=0)
    table.put("overload: refused without 503 and Retry-After", "",
              over["refused_other"] + over["no_retry_after"], must=0,
              digits=0)
    table.put("overload: refusal, p99", "ms", over["refusal_p99_ms"],
              digits=1)
    table.put("overload: set-up of those answered, p99", "ms",
              over["answer_p99_ms"], digits=1)
    table.put("overload: recovery after", "s", over["recovery_s"], must=2,
              digits=2)
    table.put("overload: media gap p99.9 of calls that are up", "ms",
              over["media_gap_p999_ms"], must=40, aim=30, digits=1)
    table.put("overload: media packets lost", "", over["media_lost"],
              must=0, digits=0)


def webhooks(opts, table, raw):
    say("webhooks: one at a time, then as many as will go")
    got = measure.webhooks(2 if opts.quick else 5)
    if not got:
        return
    raw.append({"webhooks": got})
    table.put("event to webhook request, median", "ms", got["latency_ms"],
              must=10, aim=3)
    table.put("event to webhook request, p99", "ms", got["latency_p99_ms"])
    table.put("webhooks to one endpoint", "requests/s",
              got["one_endpoint_per_s"], must=2000, aim=5000, digits=0,
              higher=True)
    table.put("webhooks to ten endpoints", "requests/s",
              got["ten_endpoints_per_s"], digits=0, higher=True)


def events(bench, opts, table, raw):
    for rate in (2, 50):
        say(f"500 event streams, {rate} calls a second")
        got = bench.event_streams(500, rate, 5 if opts.quick else 10)
        raw.append({f"events {rate}": got})
        what = f"500 event streams, {rate} calls/s"
        table.put(f"{what}: events that did not reach all", "",
                  got["events"] - got["complete"], must=0, digits=0)
        table.put(f"{what}: to the last client, median", "ms",
                  got["last_median_ms"], digits=1)
        table.put(f"{what}: to the last client, p99", "ms",
                  got["last_p99_ms"], digits=1)
        table.put(f"{what}: CPU of an event for a client", "µs",
                  got["cpu_us_per_delivery"], digits=2)


def run_once(opts, tools, table):
    raw = []
    if "webhooks" in opts.parts:
        webhooks(opts, table, raw)
    if opts.parts == ["webhooks"]:
        return raw
    say("starting a platform on one core")
    bench = measure.Bench(tools, two_cores(), os.geteuid() == 0)
    try:
        table.put("memory at start", "MiB", bench.rss_start, must=48, aim=36,
                  digits=1)
        if "idle" in opts.parts:
            idle = bench.idle(5 if opts.quick else 20)
            raw.append({"idle": idle})
            table.put("idle CPU", "% of a core", 100 * idle["share"],
                      must=0.5, aim=0.2, digits=2)
        if "light" in opts.parts:
            say("20 calls a second: time from INVITE to 200")
            light = bench.setup(20, 5 if opts.quick else 15)
            raw.append({"light": light})
            table.put("INVITE to 200, median at 20/s", "ms",
                      light["median_ms"], must=2, aim=1, digits=2)
        if "media" in opts.parts:
            media(bench, opts, table, raw)
        if "bridges" in opts.parts:
            bridges(bench, opts, table, raw)
        if "setup" in opts.parts:
            for rate, must, aim in ((100, 1.3, 0.9), (800, 0.8, 0.5)):
                say(f"{rate} set-ups a second")
                got = bench.setup(rate, 6 if opts.quick else 20)
                raw.append({f"setup {rate}": got})
                table.put(f"1,000 set-ups at {rate}/s", "CPU s",
                          got["per_1000"], must=must, aim=aim)
                table.put(f"set-ups at {rate}/s: not clean", "calls",
                          got["calls"] - got["ended"] + got["resent"],
                          must=0, digits=0)
                table.put(f"memory after {rate}/s", "MiB", got["rss_mib"],
                          digits=0)
        if "rest" in opts.parts:
            say("REST: reads of one flow")
            reads = bench.rest_reads(5)
            raw.append({"rest": reads})
            table.put("REST reads of one resource", "requests/s",
                      reads["per_s"] if not reads["failed"] else 0,
                      must=8000, aim=15000, digits=0, higher=True)
        if "events" in opts.parts:
            events(bench, opts, table, raw)
        if "ramp" in opts.parts:
            ramp(bench, opts, table, raw)
        if "browsers" in opts.parts:
            browsers.run(bench, opts, table, raw, say)
    finally:
        bench.close()
    return raw


def main():
    opts = arguments()
    tools = measure.build()
    gc.disable()
    head = {"when": time.strftime("%Y-%m-%d %H:%M:%S"),
            "machine": machine.describe(), "window_s": opts.window,
            "commit": subprocess.run(
                ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"],
                stdout=subprocess.PIPE, text=True, check=False)
            .stdout.strip()}
    table, raw, stolen = report.Table(), [], machine.Stolen()
    for n in range(opts.runs):
        if opts.runs > 1:
            say(f"run {n + 1} of {opts.runs}")
        raw.append(run_once(opts, tools, table))
        gc.collect()
    machine.prefer(os.getpid(), 0)
    head["steal"], head["busy"] = stolen.share()
    head["load_after"] = machine.describe()["load"]
    path = table.save(os.path.join(ROOT, "bench", "results"),
                      time.strftime("%Y%m%d-%H%M%S"), head, raw)
    print(f"\n{table.text()}\n")
    print(f"{head['machine']['cpu']}, {head['machine']['cores']} cores, "
          f"{head['machine']['kernel']}; server on one core, load on the "
          f"other; steal {100 * head['steal']:.1f} %, machine busy "
          f"{100 * head['busy']:.0f} %, load average {head['machine']['load']}"
          f" before and {head['load_after']} after")
    print(f"All figures: {os.path.relpath(path, ROOT)}")
    misses = table.misses()
    if misses:
        print("Missed: " + "; ".join(misses))
    sys.exit(1 if misses and opts.strict else 0)


STARTED = time.monotonic()
if __name__ == "__main__":
    main()
