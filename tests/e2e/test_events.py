#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event streams through a real Janus: live, after a crash, at the end."""
import os
import signal

from lib.platform import Platform
from lib.sip import Caller
from lib.stream import Stream
from lib.tap import check, equal, main, wait_for

NUMBER = "+4520123456"
ALL = "/v1/events?types=*"


def setup():
    p = Platform()
    p.create("/v1/trunks", {"name": "carrier",
                            "allowed_ips": ["127.0.0.1/32"]})
    p.flow(NUMBER, [{"type": "answer"}, {"type": "echo"}])
    return p


def teardown(p):
    p.close()


def dial(p):
    caller = Caller(p.sip, to=NUMBER)
    caller.answer_of()
    return caller


def one_call(p):
    caller = dial(p)
    caller.bye()
    caller.close()


def ended(stream, calls=1):
    return stream.types().count("call.ended") >= calls


def test_live(p):
    """A call's events come in order, and are those of the store"""
    one, two = Stream(p, ALL), Stream(p, "/v1/events?types=call.ended")
    equal(one.status, 200, "status")
    equal(one.answer.headers["Content-Type"], "text/event-stream", "type")
    one_call(p)
    wait_for(lambda: ended(one) and ended(two), what="call.ended")
    equal(two.types(), ["call.ended"], "what the filter lets through")
    call_id = one.events[0][2]["call_id"]
    stored = p.events(call_id)
    equal(one.ids(), [e["id"] for e in stored], "ids")
    equal([e[2] for e in one.events], stored, "documents")
    one.close()
    two.close()


def test_ticket(p):
    """A ticket opens a stream, is in no log, and ends with its key"""
    key = p.create("/v1/access-keys", {"name": "page",
                                       "scopes": ["events:read"]})
    reply = p.post("/v1/events/ticket", key=key["value"])
    equal(reply.status, 200, "status")
    ticket = reply.json["ticket"]
    stream = Stream(p, reply.json["url"], key=None)
    equal(stream.status, 200, "status of the stream")
    equal(Stream(p, "/v1/calls?ticket=" + ticket, key=None).status, 401,
          "elsewhere")
    one_call(p)
    wait_for(lambda: ended(stream), what="call.ended")
    equal(p.call("DELETE", "/v1/access-keys/" + key["id"]).status, 204,
          "revoked")
    check(stream.ended.wait(20), "the stream ends with its key")
    equal(Stream(p, reply.json["url"], key=None).status, 401, "afterwards")
    for folder, _, names in os.walk(p.dir):
        for name in names:
            if name.endswith(".log"):
                with open(os.path.join(folder, name), "rb") as f:
                    check(ticket.encode() not in f.read(),
                          f"the ticket is in {name}")


def test_kill_9(p):
    """kill -9 in a call: who comes back misses nothing"""
    stream = Stream(p, ALL)
    caller = dial(p)
    wait_for(lambda: "call.answered" in stream.types(), what="an event")
    pid = p.janus_pid()
    os.kill(pid, signal.SIGKILL)
    check(stream.ended.wait(10), "the stream is over")
    caller.close()
    wait_for(lambda: _restarted(p, pid), 30, "the restart")
    p.wait_ready(60)
    again = Stream(p, ALL, last=stream.ids()[-1])
    wait_for(lambda: ended(again), what="call.ended")
    check("reset" not in again.types(), "nothing was left out")
    call_id = stream.events[0][2]["call_id"]
    equal([e[0] for e in stream.events + again.events
           if e[2].get("call_id") == call_id],
          [e["id"] for e in p.events(call_id)], "both together")
    one_call(p)
    wait_for(lambda: ended(again, 2), what="it is live")
    again.close()


def _restarted(p, old):
    try:
        return p.janus_pid() != old
    except AssertionError:
        return False


def test_ctrl_c(p):
    """Ctrl-C with 100 open streams: each is told, exit 0"""
    streams = [Stream(p) for _ in range(100)]
    equal({s.status for s in streams}, {200}, "status")
    code, took = p.stop()
    equal(code, 0, "exit code")
    check(took < 10, f"took {took:.1f} s")
    for s in streams:
        check(s.ended.wait(10), "a stream did not end")
        equal(s.comments[-1], ": shutting down", "the last word")
        s.close()


if __name__ == "__main__":
    main(globals())
