#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIPp: many calls at once, rejections, CANCEL, lost packets, TCP."""
from lib import sipp
from lib.platform import Platform
from lib.tap import check, equal, main, wait_for


def setup():
    p = Platform()
    p.create("/v1/trunks", {"name": "carrier",
                            "allowed_ips": ["127.0.0.1/32"]})
    p.flow("+4520000001", [{"type": "answer"}, {"type": "echo"}])
    p.flow("+4520000002", [{"type": "hangup", "option": {"reason": "busy"}}])
    p.flow("+4520000003", [
        {"type": "play", "option": {"stream_urls": ["tone:425"]}}])
    return p


def teardown(p):
    if p:
        p.close()


def all_well(result, calls):
    equal(result["successful"], calls, f"successful ({result['output']})")
    equal(result["failed"], 0, "failed")


def none_left(p, within_s=20):
    wait_for(lambda: p.metrics()["bifrons_calls_live"] == 0, within_s,
             "the end of every call")
    wait_for(lambda: p.metrics()["bifrons_media_legs"] == 0,
             within_s, "the end of every leg's media")


def last_call(p, number, calls):
    """The newest of those that were made to it, once the store has all"""
    wait_for(lambda: p.sql(
        "SELECT count(*) FROM call WHERE status = 'ended' AND"
        " destination = ?", number) == [(calls,)], 20, "every call's record")
    return p.get("/v1/calls?page_size=1&status=ended").json["result"][0]


def test_setup_udp(p):
    """300 calls over UDP at 50 a second, all answered and ended"""
    all_well(sipp.run("setup", p.sip, "+4520000001", 300, 50), 300)
    none_left(p)


def test_setup_tcp(p):
    """100 calls over one TCP connection"""
    all_well(sipp.run("setup", p.sip, "+4520000001", 100, 30, "t1"), 100)
    none_left(p)


def test_rejected(p):
    """A flow's hangup before the answer is the response's code"""
    all_well(sipp.run("rejected", p.sip, "+4520000002", 100, 50), 100)
    none_left(p)
    call = last_call(p, "+4520000002", 100)
    equal(call["hangup"]["sip_code"], 486, "sip_code")
    equal(call["hangup"]["reason"], "busy", "reason")
    equal(call["duration_ms"], 0, "duration_ms")


def test_cancel(p):
    """CANCEL during early media: 487, and the call was canceled"""
    all_well(sipp.run("cancel", p.sip, "+4520000003", 100, 50), 100)
    none_left(p)
    call = last_call(p, "+4520000003", 100)
    equal(call["hangup"]["reason"], "canceled", "reason")
    equal(call["hangup"]["by"], "remote", "by")


def test_lost_packets(p):
    """Every tenth packet lost: retransmissions bring every call through"""
    result = sipp.run("setup", p.sip, "+4520000001", 60, 20,
                      extra=["-lost", "10"])
    all_well(result, 60)
    check(result["retransmissions"] > 0, "something was sent again")
    # SIPp takes a repeated 200 to its INVITE for the one to its BYE: where
    # ACK and BYE were both lost, the call ends by timer H (RFC 3261 §17.2.1)
    none_left(p, 45)


if __name__ == "__main__":
    main(globals())
