#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""10,000 events, a sink that fails a third of them, Janus killed thrice."""
import time

from lib.load import Load
from lib.platform import Platform
from lib.sink import Handler, Sink, unreliable
from lib.tap import check, equal, main, wait_for

NUMBER = "+4520123456"
EVENTS, KILLS = 10000, 3
CALLS, RATE = 110, 60  # between two crashes
# many events a call: each action is one
WORDY = [{"type": "answer"}] + 20 * [
    {"type": "variable_set", "option": {"key": "a", "value": "1"}}]


def setup():
    # soon again, so that the test sees them all
    p = Platform(env={
        "BIFRONS_ALLOW_PRIVATE": "1",
        "BIFRONS_WEBHOOK_RETRY_S": "1,1,1,2,2,2,3,3,3,3,3,3,3,3,3,3"})
    p.create("/v1/trunks", {"name": "carrier",
                            "allowed_ips": ["127.0.0.1/32"]})
    p.flow(NUMBER, WORDY)
    return p


def teardown(p):
    if p:
        p.close()


def make_calls(p):
    load = Load(p.sip)
    try:
        load.start(NUMBER, RATE, CALLS)
        load.run(20, lambda: sum(load.count.values()) == CALLS)
    finally:
        load.close()


def overtakings(events):
    """Calls' events that came behind a later one of the same call."""
    newest, bad = {}, []
    for e in events:
        if e["sequence"] < newest.get(e["call_id"], 0):
            bad.append((e["call_id"], e["sequence"]))
        newest[e["call_id"]] = e["sequence"]
    return bad


def test_nothing_is_lost(p):
    """Every event arrives at least once, those of a call in order"""
    sink = Sink()
    hook = p.create("/v1/webhooks", {"url": sink.url("/all"),
                                     "events": ["*"]})
    Handler.secrets["/all"] = hook["secret"]
    sink.status = unreliable(1 / 3)

    def committed():
        return {r[0] for r in p.sql("SELECT id FROM event WHERE call_id IS"
                                    " NOT NULL")}
    kills = 0
    while len(committed()) < EVENTS or kills < KILLS:
        make_calls(p)
        if kills < KILLS:
            p.crash()  # with deliveries under way
            kills += 1
    wanted = committed()
    check(len(wanted) >= EVENTS, f"{len(wanted)} events")
    equal(kills, KILLS, "kills")

    def missing():
        return wanted - {e["id"] for e in sink.at("/all")}
    begin = time.monotonic()
    wait_for(lambda: not missing(), 240, "every event", every_s=0.5)
    print(f"# the last one {time.monotonic() - begin:.1f} s after the calls")
    failed = sum(s != 200 for _, _, s in sink.got)
    check(failed > len(wanted) / 4, f"{failed} attempts failed")
    # retries take seconds here, so nobody was let past another
    equal(overtakings([e for e in sink.at("/all") if e["call_id"]]), [],
          "out of order")
    sink.shutdown()


if __name__ == "__main__":
    main(globals())
