#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stop and a crash leave behind: nothing lost, nobody left hanging."""
import os
import signal
import socket

from lib.platform import Platform
from lib.sip import Caller
from lib.tap import check, equal, main, wait_for

ECHO = [{"type": "answer"}, {"type": "echo"}]
PATIENCE_S = 10.0  # two of them for peers that do not answer a BYE


def with_flow():
    p = Platform()
    p.create("/v1/trunks", {"name": "carrier",
                            "allowed_ips": ["127.0.0.1/32"]})
    p.flow("+4520123456", ECHO)
    return p


def dial(p):
    caller = Caller(p.sip, to="+4520123456")
    caller.answer_of()
    return caller


def test_kill_9(_):
    """kill -9 in a call: ./run restarts, the call ended with node_lost"""
    p = with_flow()
    try:
        caller = dial(p)
        call_id = p.call_of(caller)["id"]
        wait_for(lambda: len(p.events(call_id)) >= 3, what="events on disk")
        before = p.events(call_id)
        # somebody moved the log away
        os.remove(os.path.join(p.env["BIFRONS_DATA"], "log", "janus.log"))
        p.crash()
        call = p.get(f"/v1/calls/{call_id}").json
        equal(call["status"], "ended", "status")
        equal(call["hangup"]["code"], "node_lost", "hangup.code")
        equal(call["hangup"]["by"], "system", "hangup.by")
        after = p.events(call_id)
        equal([e["id"] for e in after[:len(before)]],
              [e["id"] for e in before], "the events from before")
        equal([e["sequence"] for e in after],
              list(range(1, len(after) + 1)), "sequence goes on")
        equal(after[-1]["type"], "call.ended", "the last event")
        caller.close()
        caller = dial(p)
        caller.bye()
        caller.close()
    finally:
        p.close()


def test_ctrl_c(_):
    """Ctrl-C: BYE to each call, ends stored, exit 0 within 10 s"""
    p = with_flow()
    try:
        polite = [dial(p) for _ in range(3)]
        rude = dial(p)  # will not answer its BYE
        idle = socket.create_connection(("127.0.0.1", p.http))
        half = socket.create_connection(("127.0.0.1", p.http))
        half.sendall(b"POST /v1/flows HTTP/1.1\r\nHost: x\r\nContent-Le")
        os.kill(p.process.pid, signal.SIGINT)
        for caller in polite:
            caller.respond(caller.wait_request("BYE"), 200)
        rude.wait_request("BYE")
        code, took = p.stop()
        equal(code, 0, "exit code")
        check(took < PATIENCE_S, f"took {took:.1f} s")
        rows = p.sql("SELECT status, count(*) FROM call GROUP BY status")
        equal(rows, [("ended", 4)], "calls in the store")
        types = [e["type"] for e in p.events()]
        equal(types.count("call.ended"), 4, "call.ended events")
        equal(types[-1], "node.stopped", "the last event")
        for s in (idle, half):
            s.close()
        for caller in [*polite, rude]:
            caller.close()
    finally:
        p.close()


def test_crash_at_the_end(_):
    """Janus crashes while it stops: ./run says so and fails; nothing is lost
    """
    p = with_flow()
    try:
        rude = dial(p)  # what is waited for until the crash
        call_id = p.call_of(rude)["id"]
        janus = p.janus_pid()
        os.kill(p.process.pid, signal.SIGINT)
        rude.wait_request("BYE")
        os.kill(janus, signal.SIGKILL)
        equal(p.stop()[0], 1, "exit code")
        wait_for(lambda: any("crashed as it stopped (signal 9)" in x
                             for x in p.output), what="words about it")
        p.start()
        equal(p.get(f"/v1/calls/{call_id}").json["status"], "ended", "status")
        rude.close()
    finally:
        p.close()


def test_sigterm_idle(_):
    """SIGTERM without calls: exit 0, and the next start finds its data"""
    p = with_flow()
    try:
        code, took = p.stop(signal.SIGTERM)
        equal(code, 0, "exit code")
        check(took < PATIENCE_S, f"took {took:.1f} s")
        p.start()
        flows = p.get("/v1/flows").json["result"]
        check(any(f["name"] == "test" for f in flows), "the flow is there")
    finally:
        p.close()


if __name__ == "__main__":
    main(globals())
