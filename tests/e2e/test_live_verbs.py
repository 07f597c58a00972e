#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs on a running call: each does its thing, or says 409 and does nothing.
"""
from lib import callee, sound
from lib.callee import Callee
from lib.platform import Platform
from lib.sip import Caller
from lib.tap import check, equal, main, wait_for

ECHO, BRIDGE = "+4521200001", "+4521200002"
VOICE, REPLY = sound.tone_ulaw(1000, 1), sound.tone_ulaw(700, 1)


class Context:
    def __init__(self):
        self.p = Platform()
        self.bob = Callee(voice=REPLY)
        self.p.create("/v1/trunks", {"name": "phones",
                                     "allowed_ips": ["127.0.0.1/32"]})
        self.p.flow(ECHO, [{"type": "answer"}, {"type": "echo"}])
        self.p.flow(BRIDGE, [
            {"type": "connect", "option": {"destinations": [self.bob.uri()]}},
            {"type": "play", "option": {"stream_urls": ["tone:300/600000"]}}])

    def call(self, number):
        """A caller who is up. -> (caller, id)"""
        alice = Caller(self.p.sip, to=number)
        alice.rtp.voice = VOICE
        alice.answer_of()
        return alice, self.p.call_of(alice)["id"]

    def peer(self, call_id):
        """Whom a call is bridged with. -> (what Bob knows of it, id)"""
        peer = wait_for(lambda: self.p.get(f"/v1/calls/{call_id}").json[
            "peer_call_id"], 20, "the bridge")
        theirs = self.p.get(f"/v1/calls/{peer}").json["sip"]["call_id"]
        return self.bob.by_id[theirs], peer

    def verb(self, call_id, name, body=None, wanted=200):
        reply = self.p.post(f"/v1/calls/{call_id}/{name}", body)
        check(reply.status == wanted, f"{name}: {reply}")
        return reply.json

    def close(self):
        self.bob.close()
        self.p.close()


def setup():
    return Context()


def teardown(c):
    if c:
        c.close()


def hears(party, hz, who):
    """Soon, and then for a while."""
    wait_for(lambda: sound.power(party.hear(0.4)[800:], hz) > 0.8, 20,
             f"{who}: {hz} Hz")


def test_play_and_stop(c):
    """play beside echo, then stop_media: the echo comes back"""
    alice, call_id = c.call(ECHO)
    try:
        hears(alice, 1000, "the echo")
        c.verb(call_id, "play", {"stream_urls": ["tone:440/600000"]})
        wait_for(lambda: sound.power(alice.hear(0.3), 440) > 0.8, 20,
                 "what is played")
        c.verb(call_id, "stop_media")
        wait_for(lambda: sound.power(alice.hear(0.3), 1000) > 0.8, 20,
                 "the echo again")
        c.verb(call_id, "talk", {"text": "Hello there."})
        alice.bye()
    finally:
        alice.close()


def test_dtmf_and_mute(c):
    """dtmf sends digits; mute both ways and back"""
    alice, call_id = c.call(ECHO)
    try:
        c.verb(call_id, "dtmf", {"digits": "12#"})
        wait_for(lambda: alice.rtp.events == ["1", "2", "#"], 20, "digits")
        c.verb(call_id, "mute", {"direction": "out"})
        wait_for(lambda: sound.rms(alice.hear(0.3)) < 100, 20, "silence")
        c.verb(call_id, "unmute", {"direction": "out"})
        wait_for(lambda: sound.power(alice.hear(0.3), 1000) > 0.8, 20,
                 "the echo again")
        wait_for(lambda: {"call.muted", "call.unmuted"} <=
                 {e["type"] for e in c.p.events(call_id)}, 20, "both events")
        alice.bye()
    finally:
        alice.close()


def test_in_a_bridge(c):
    """play to one side, mute of the other, hold and unhold"""
    alice, call_id = c.call(BRIDGE)
    try:
        bob, peer = c.peer(call_id)
        hears(alice, 700, "the caller")
        c.verb(call_id, "play", {"stream_urls": ["tone:440/600000"],
                                 "to": "peer"})
        wait_for(lambda: sound.power(bob.hear(0.3), 440) > 0.8, 20,
                 "what is played to the peer")
        hears(alice, 700, "the caller meanwhile")
        c.verb(peer, "stop_media")
        wait_for(lambda: sound.power(bob.hear(0.3), 1000) > 0.8, 20,
                 "the caller's voice again")
        c.verb(call_id, "mute", {"direction": "in"})
        wait_for(lambda: sound.rms(bob.hear(0.3)) < 100, 20, "silence")
        c.verb(call_id, "unmute", {"direction": "in"})
        c.verb(peer, "hold")
        wait_for(lambda: bob.direction() == "sendonly", 20, "the re-INVITE")
        c.verb(peer, "unhold")
        wait_for(lambda: bob.direction() == "sendrecv", 20, "the re-INVITE")
        wait_for(lambda: sound.power(bob.hear(0.3), 1000) > 0.8, 20,
                 "the caller's voice after the hold")
        alice.bye()
        bob.wait_ended()
    finally:
        alice.close()


def test_redirect(c):
    """redirect replaces what runs, a connect too"""
    alice, call_id = c.call(BRIDGE)
    try:
        bob, _ = c.peer(call_id)
        c.verb(call_id, "redirect", {"actions": [
            {"type": "play", "option": {"stream_urls": ["tone:440/600000"]}}]})
        wait_for(lambda: sound.power(alice.hear(0.3), 440) > 0.8, 20,
                 "the new flow")
        bob.wait_ended()
        alice.bye()
    finally:
        alice.close()


def test_refusals(c):
    """What cannot be done now is 409 and changes nothing"""
    alice, call_id = c.call(BRIDGE)
    try:
        c.peer(call_id)
        c.verb(call_id, "unhold", wanted=409)
        c.verb(call_id, "play", {"stream_urls": ["nonsense"]}, wanted=422)
        hears(alice, 700, "the caller, undisturbed")
        alice.bye()
        callee.ended(c.p, call_id)
        for name, body in (
                ("play", {"stream_urls": ["tone:440/100"]}),
                ("talk", {"text": "x"}), ("stop_media", None),
                ("dtmf", {"digits": "1"}), ("mute", None), ("hold", None),
                ("redirect", {"actions": [{"type": "hangup"}]}),
                ("recordings", None)):
            c.verb(call_id, name, body, wanted=409)
    finally:
        alice.close()


def test_timeline(c):
    """The timeline tells everything in order, with milliseconds"""
    alice, call_id = c.call(ECHO)
    try:
        alice.rtp.press("7")
        wait_for(lambda: "call.dtmf" in [e["type"] for e in
                                         c.p.events(call_id)],
                 what="the digit")
        c.verb(call_id, "dtmf", {"digits": "1"})
        alice.bye()
        callee.ended(c.p, call_id)
    finally:
        alice.close()
    reply = c.p.get(f"/v1/calls/{call_id}/timeline")
    equal(reply.status, 200, f"{reply}")
    lines = reply.json["result"]
    text = str(lines)
    for wanted in ("call.created", "flow.action", "INVITE", "call.answered",
                   "200", "call.dtmf", "dtmf", "BYE", "call.ended"):
        check(wanted in text, f"{wanted} in {text}")
    at = [line["at"] for line in lines]
    equal(at, sorted(at), "the order")
    check(all("." in t for t in at), "milliseconds")


def test_erased(c):
    """DELETE of a finished call erases all of it; a live one is 409"""
    alice, call_id = c.call(ECHO)
    try:
        equal(c.p.call("DELETE", f"/v1/calls/{call_id}").status, 409, "live")
        alice.bye()
        callee.ended(c.p, call_id)
    finally:
        alice.close()
    equal(c.p.call("DELETE", f"/v1/calls/{call_id}").status, 204, "erased")
    equal(c.p.get(f"/v1/calls/{call_id}").status, 404, "gone")
    equal(c.p.get(f"/v1/calls/{call_id}/timeline").status, 404, "gone")
    equal(c.p.sql("SELECT count(*) FROM event WHERE call_id = ?", call_id),
          [(0,)], "its events")


if __name__ == "__main__":
    main(globals())
