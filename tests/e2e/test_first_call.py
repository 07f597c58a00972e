#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trunk, a flow and a number by REST; then callers hear what it says."""
import time

from lib import sound
from lib.platform import Platform
from lib.sip import Caller
from lib.tap import check, equal, main, wait_for

ACTIONS = [
    {"id": "answer", "type": "answer"},
    {"id": "tone", "type": "play",
     "option": {"stream_urls": ["tone:440/1000"]}},
    {"id": "digits", "type": "dtmf_receive",
     "option": {"length": 1, "duration_ms": 8000}},
    {"id": "choose", "type": "branch",
     "option": {"variable": "digits",
                "target_ids": {"1": "echo", "2": "high"},
                "default_target_id": "bye"}},
    {"id": "echo", "type": "echo", "option": {"duration_ms": 20000},
     "next_id": "bye"},
    {"id": "high", "type": "play",
     "option": {"stream_urls": ["tone:1400/600"]}},
    {"id": "bye", "type": "hangup"},
]


def setup():
    p = Platform()
    p.create("/v1/trunks", {"name": "carrier", "allowed_ips": ["127.0.0.1/32"],
                            "hosts": [{"host": "127.0.0.1", "port": 5099}]})
    p.flow("+4520123456", ACTIONS)
    return p


def teardown(p):
    if p:
        p.close()


def runs(p, caller, action_id):
    """Wait until the caller's call is at this action. -> the call's id"""
    call_id = p.call_of(caller)["id"]

    def fetch():
        action = p.get(f"/v1/calls/{call_id}").json["action"]
        return action and action["id"] == action_id
    wait_for(fetch, what=f"the action {action_id}")
    return call_id


def ended(p, call_id):
    def fetch():
        call = p.get(f"/v1/calls/{call_id}").json
        return call if call["status"] == "ended" else None
    return wait_for(fetch, what="the call's end")


def dial(p, transport="udp"):
    caller = Caller(p.sip, to="+4520123456", user="+4530000001",
                    transport=transport)
    caller.answer_of()
    return caller


def hear_all(caller, seconds, loud_ms):
    """Listen for so long; for longer while there is not so much yet. -> all
    since the call began, or was clear()ed"""
    def fetch():
        samples = caller.rtp.samples()
        loud = sum(end - begin for begin, end in sound.loud_parts(samples))
        return samples if loud >= loud_ms else None
    time.sleep(seconds)
    return wait_for(fetch, what=f"{loud_ms} ms of sound")


def tone_is(samples, hz, what):
    parts = sound.loud_parts(samples)
    check(parts, f"{what}: nothing was heard")
    begin, end = parts[0]
    share = sound.power(samples[begin * 8:end * 8], hz)
    check(share > 0.9, f"{what}: only {share:.2f} of it is {hz} Hz")


def test_tone_digit_echo(p):
    """UDP: hears the tone, presses 1, hears itself, hangs up"""
    caller = dial(p)
    tone_is(hear_all(caller, 1.3, 400), 440, "the played tone")
    caller.rtp.voice = sound.tone_ulaw(1000, 0.1)
    caller.rtp.press("1")
    runs(p, caller, "echo")
    caller.rtp.clear()
    tone_is(hear_all(caller, 0.6, 400), 1000, "its own voice")
    call = p.call_of(caller)
    equal(call["status"], "answered", "status during the echo")
    caller.bye()
    call = ended(p, call["id"])
    equal(call["hangup"]["by"], "remote", "hangup.by")
    equal(call["hangup"]["reason"], "normal", "hangup.reason")
    check(call["duration_ms"] > 1500, "the duration counts")
    caller.close()


def test_other_digit(p):
    """TCP: presses 2, hears the other tone, the flow hangs up"""
    caller = dial(p, "tcp")
    tone_is(hear_all(caller, 1.3, 400), 440, "the played tone")
    runs(p, caller, "digits")
    caller.rtp.clear()
    caller.rtp.press("2")
    bye = caller.wait_request("BYE")
    caller.respond(bye, 200)
    tone_is(caller.rtp.samples(), 1400, "the second tone")
    call = ended(p, p.call_of(caller)["id"])
    equal(call["hangup"]["by"], "local", "hangup.by")
    caller.close()


def test_type_ahead(p):
    """A digit pressed during the tone is not lost"""
    caller = dial(p)
    time.sleep(0.2)
    caller.rtp.press("2")
    caller.respond(caller.wait_request("BYE"), 200)
    samples = caller.rtp.samples()
    end = sound.loud_parts(samples)[-1][1]
    check(sound.power(samples[end * 8 - 8 * 400:end * 8], 1400) > 0.9,
          "the last thing heard is the tone of 2")
    caller.close()


def test_events_tell_the_story(p):
    """The event table tells the call in order, numbered without a gap"""
    caller = dial(p)
    caller.rtp.press("1")
    call_id = runs(p, caller, "echo")
    caller.bye()
    ended(p, call_id)
    events = p.events(call_id)
    equal([e["sequence"] for e in events],
          list(range(1, len(events) + 1)), "sequence numbers")
    states = [e["type"] for e in events if e["type"] in (
        "call.created", "call.ringing", "call.answered", "call.ended")]
    equal(states[0], "call.created", "the first event")
    equal(states[-2:], ["call.answered", "call.ended"], "the last states")
    kinds = [e["type"] for e in events]
    check("call.dtmf" in kinds, f"the digit is an event: {kinds}")
    actions = [e["data"]["action"]["id"] for e in events
               if e["type"] == "flow.action"]
    equal(actions, ["answer", "tone", "digits", "choose", "echo"],
          "flow.action events")
    equal(events[0]["data"]["destination"]["target"], "+4520123456",
          "destination")
    caller.close()


def test_rest_hangs_up(p):
    """REST ends the call: BYE goes out, a second hangup is 409"""
    caller = dial(p)
    call_id = p.call_of(caller)["id"]
    reply = p.post(f"/v1/calls/{call_id}/hangup")
    equal(reply.status, 200, f"hangup ({reply})")
    caller.respond(caller.wait_request("BYE"), 200)
    call = ended(p, call_id)
    equal(call["hangup"]["by"], "local", "hangup.by")
    equal(p.post(f"/v1/calls/{call_id}/hangup").json["code"], "call_ended",
          "the second hangup")
    caller.close()


def test_demo_number(p):
    """The demo number of the README answers"""
    caller = Caller(p.sip, to="demo")
    caller.answer_of()
    check(sound.loud_parts(hear_all(caller, 2.0, 20)),
          "the demo says something")
    caller.bye()
    caller.close()


def test_unknown_number(p):
    """A number nobody has is refused and is no call"""
    before = len(p.get("/v1/calls?page_size=200").json["result"])
    caller = Caller(p.sip, to="+4599999999")
    caller.invite()
    equal(caller.wait_status().status, 404, "the answer")
    caller.request("ACK", branch=caller.branch,
                   uri=f"sip:{caller.to}@127.0.0.1:{p.sip}")
    equal(len(p.get("/v1/calls?page_size=200").json["result"]), before,
          "calls in the list")
    caller.close()


if __name__ == "__main__":
    main(globals())
