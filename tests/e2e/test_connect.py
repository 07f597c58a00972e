#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""connect: a caller's flow rings others and puts them through."""
from lib import callee, sound
from lib.callee import Callee
from lib.platform import Platform
from lib.sip import Caller
from lib.tap import check, equal, main, wait_for

VOICE, REPLY = sound.tone_ulaw(1000, 1), sound.tone_ulaw(700, 1)
numbers = iter(range(4521100001, 4521109999))


def setup():
    p = Platform()
    p.create("/v1/trunks", {"name": "phones", "allowed_ips": ["127.0.0.1/32"]})
    return p


def teardown(p):
    if p:
        p.close()


def caller(p, option, after=(), before=(), **more):
    """A caller of a flow that connects so. -> Caller, who said INVITE"""
    number = f"+{next(numbers)}"
    p.flow(number, [*before, {"type": "connect", "option": option, **more},
                    *after])
    alice = Caller(p.sip, to=number)
    alice.rtp.voice = VOICE
    alice.invite()
    return alice


def now(p, alice):
    """The call as it is this moment."""
    return p.get(f"/v1/calls/{p.call_of(alice)['id']}").json


def member(p, alice, name):
    """Of the call's record, once it is there: commits come a little later."""
    return wait_for(lambda: now(p, alice)[name], what=name)


def variable(p, alice, name):
    """Of the flow, once the record has it."""
    return wait_for(lambda: now(p, alice)["variables"].get(name), what=name)


def hears(party, hz, who):
    """Soon, and then for a while."""
    wait_for(lambda: sound.power(party.hear(0.4)[800:], hz) > 0.8, 20,
             f"{who}: {hz} Hz")


def british(samples):
    """How much of it is a British ringing tone: of what sounds, as that is
    0.4 s of two, now at the begin of what we listen to, now in its midst."""
    parts = sound.loud_parts(samples)
    begin, end = max(parts, key=lambda p: p[1] - p[0], default=(0, 0))
    ring = samples[begin * 8:end * 8] if end - begin >= 200 else []
    return sound.power(ring, 400) + sound.power(ring, 450)


def up(p, option, behave=callee.ring_and_answer, **more):
    """A bridge: -> (alice, bob's callee, bob's dialog)"""
    bob = Callee(behave, voice=REPLY)
    alice = caller(p, {"destinations": [bob.uri()], **option}, **more)
    ok = alice.wait_status(200, cseq=alice.cseq)
    alice.take(ok)
    alice.ack()
    return alice, bob, bob.wait_call()


def close(*things):
    for thing in things:
        thing.close()


def test_two_talk(p):
    """Both hear each other; the flow goes on when the callee hangs up"""
    alice, bob, call = up(p, {}, after=[
        {"type": "play", "option": {"stream_urls": ["tone:440/600000"]}}])
    try:
        hears(alice, 700, "the caller")
        hears(call, 1000, "the callee")
        peer_id = member(p, alice, "peer_call_id")
        mine = now(p, alice)
        peer = wait_for(lambda: next(
            (c for c in [p.get(f"/v1/calls/{peer_id}").json]
             if c.get("peer_call_id")), None), what="the peer's peer")
        equal(peer["peer_call_id"], mine["id"], "they know each other")
        equal(peer["parent_call_id"], mine["id"], "the parent")
        equal(mine["child_call_ids"], [peer["id"]], "the child")
        alice.rtp.press("5")
        wait_for(lambda: call.rtp.events == ["5"], what="the digit")
        call.bye()
        call.wait_ended()
        equal(variable(p, alice, "connect.status"), "answered",
              "connect.status")
        equal(variable(p, alice, "connect.call_id"), peer["id"],
              "connect.call_id")
        check(int(variable(p, alice, "connect.duration_ms")) > 500,
              "connect.duration_ms")
        hears(alice, 440, "the caller afterwards")
        alice.bye()
    finally:
        close(alice, bob)


def test_caller_leaves(p):
    """The caller's BYE ends the callee too"""
    alice, bob, call = up(p, {})
    try:
        alice.bye()
        call.wait_ended()
        check(not call.by_us, "we were hung up")
        child = callee.ended(p, member(p, alice, "child_call_ids")[0])
        equal(child["hangup"]["reason"], "normal", f"{child['hangup']}")
    finally:
        close(alice, bob)


def test_caller_gives_up(p):
    """CANCEL while it rings cancels the callee"""
    bob = Callee(callee.ring)
    alice = caller(p, {"destinations": [bob.uri()]})
    try:
        call = bob.wait_call()
        alice.cancel()
        call.wait_canceled()
        equal(alice.wait_status(487, cseq=alice.cseq).status, 487, "our end")
        alice.ack()
    finally:
        close(alice, bob)


def test_outcomes(p):
    """Busy, declined, no answer: connect.status, and the flow goes on"""
    for behave, wanted, code in (
            (callee.busy, "busy", "486"), (callee.decline, "rejected", "603"),
            (callee.ring, "noanswer", None),
            (callee.refuse(500), "failed", "500")):
        bob = Callee(behave)
        alice = caller(p, {"destinations": [bob.uri()],
                           "timeout_s": 20 if code else 1},
                       after=[{"type": "answer"}, {"type": "sleep", "option":
                               {"duration_ms": 60000}}])
        try:
            alice.take(alice.wait_status(200, cseq=alice.cseq))
            alice.ack()
            equal(variable(p, alice, "connect.status"), wanted,
                  "connect.status")
            if code:
                equal(variable(p, alice, "connect.sip_code"), code,
                      "connect.sip_code")
            alice.bye()
        finally:
            close(alice, bob)


def test_relay_reason(p):
    """relay_reason: the caller gets the callee's refusal"""
    bob = Callee(callee.busy)
    alice = caller(p, {"destinations": [bob.uri()], "relay_reason": True})
    try:
        equal(alice.wait_status(cseq=alice.cseq).status, 486, "our refusal")
        alice.ack()
    finally:
        close(alice, bob)


def test_all_ring(p):
    """All ring at once; the first that answers wins, others are told"""
    bob, carol = Callee(callee.ring), Callee(callee.ring, voice=REPLY)
    alice = caller(p, {"destinations": [bob.uri("b"), carol.uri("c")]})
    try:
        first, second = bob.wait_call(), carol.wait_call()
        second.answer()
        alice.take(alice.wait_status(200, cseq=alice.cseq))
        alice.ack()
        first.wait_canceled()
        cancel = [m for m in first.requests if m.method == "CANCEL"][0]
        check("200" in cancel.get("reason"),
              f"answered elsewhere: {cancel.get('reason')!r}")
        hears(alice, 700, "the caller")
        alice.bye()
        second.wait_ended()
    finally:
        close(alice, bob, carol)


def test_in_sequence(p):
    """One after the other, each for its time"""
    bob, carol = Callee(callee.ring), Callee()
    alice = caller(p, {"destinations": [bob.uri("b"), carol.uri("c")],
                       "strategy": "sequence", "destination_timeout_s": 3})
    try:
        bob.wait_call().wait_canceled()
        carol.wait_call()
        alice.take(alice.wait_status(200, cseq=alice.cseq))
        alice.ack()
        alice.bye()
    finally:
        close(alice, bob, carol)


def test_confirmed(p):
    """confirm_actions: who does not press 1 is passed over"""
    confirm = [
        {"type": "dtmf_receive", "option": {
            "length": 1, "duration_ms": 60000,
            "prompt": {"stream_urls": ["tone:440/600000"]}}},
        {"type": "condition_variable", "option": {
            "variable": "digits", "condition": "==", "value": "1",
            "false_target_id": "no"}},
        {"type": "stop"}, {"id": "no", "type": "hangup"}]
    bob, carol = Callee(), Callee(voice=REPLY)
    alice = caller(p, {"destinations": [bob.uri("b"), carol.uri("c")],
                       "confirm_actions": confirm})
    try:
        first, second = bob.wait_call(), carol.wait_call()
        hears(first, 440, "who is asked first")
        hears(second, 440, "who is asked")
        first.rtp.press("2")
        first.wait_ended()
        check(not second.ended, "the other one rings on")
        second.rtp.press("1")
        alice.take(alice.wait_status(200, cseq=alice.cseq))
        alice.ack()
        hears(alice, 700, "the caller")
        alice.bye()
        second.wait_ended()
    finally:
        close(alice, bob, carol)


def test_ring_tone(p):
    """The caller hears ringing, in the tone of a country or as played"""
    for tone, hz in (("gb", None), ("tone:800/60000", 800)):
        bob = Callee(callee.ring)
        alice = caller(p, {"destinations": [bob.uri()], "ring_tone": tone})
        try:
            alice.take(alice.wait_status(183, cseq=alice.cseq))
            bob.wait_call()
            if hz:
                hears(alice, hz, "the caller")
            else:
                wait_for(lambda: british(alice.hear(1)) > 0.9, 20,
                         "400 + 450 Hz")
            alice.cancel()
            alice.wait_status(487, cseq=alice.cseq)
            alice.ack()
        finally:
            close(alice, bob)


def test_early_media(p):
    """early_media: the caller hears the callee's announcement"""
    bob = Callee(callee.Dialog.progress, voice=REPLY)
    alice = caller(p, {"destinations": [bob.uri()], "early_media": True})
    try:
        alice.take(alice.wait_status(183, cseq=alice.cseq))
        bob.wait_call()
        wait_for(lambda: sound.power(alice.hear(0.4), 700) > 0.8, 20,
                 "the announcement")
        alice.cancel()
        alice.wait_status(487, cseq=alice.cseq)
        alice.ack()
    finally:
        close(alice, bob)


def test_limits(p):
    """max_duration_s and hangup_on_star end the bridge, not the caller"""
    rest = [{"type": "play", "option": {"stream_urls": ["tone:440/600000"]}}]
    for option in ({"max_duration_s": 1}, {"hangup_on_star": True}):
        alice, bob, call = up(p, option, after=rest)
        try:
            if "hangup_on_star" in option:
                hears(alice, 700, "the caller before")
                alice.rtp.press("*")
            call.wait_ended()
            check(not call.by_us, "the bridge was ended by the platform")
            hears(alice, 440, "the caller afterwards")
            alice.bye()
        finally:
            close(alice, bob)


def test_held_by_the_callee(p):
    """The callee's hold and resume reach the record; sound comes back"""
    alice, bob, call = up(p, {})
    try:
        child = member(p, alice, "child_call_ids")[0]
        call.request("INVITE", call.sdp() + "a=sendonly\r\n")
        wait_for(lambda: "call.held" in
                 [e["type"] for e in p.events(child)], what="call.held")
        # an INVITE that overtakes it would be 491 or 500
        wait_for(lambda: call.acks, what="our ACK")
        call.cseq += 1
        call.request("INVITE", call.sdp())
        wait_for(lambda: "call.unheld" in
                 [e["type"] for e in p.events(child)], what="call.unheld")
        hears(call, 1000, "the callee afterwards")
        alice.bye()
        call.wait_ended()
    finally:
        close(alice, bob)


def test_answered_caller(p):
    """After answer and a prompt connect works the same"""
    alice, bob, call = up(p, {}, before=[
        {"type": "answer"},
        {"type": "play", "option": {"stream_urls": ["tone:440/200"]}}])
    try:
        hears(alice, 700, "the caller")
        hears(call, 1000, "the callee")
        alice.bye()
        call.wait_ended()
    finally:
        close(alice, bob)


if __name__ == "__main__":
    main(globals())
