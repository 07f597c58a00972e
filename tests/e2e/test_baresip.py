#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real softphone calls: its own recording proves what it heard."""
import time

from lib import callee, sound
from lib.phone import Phone
from lib.platform import Platform
from lib.tap import check, equal, main, wait_for

ACTIONS = [
    {"type": "answer"},
    {"type": "sleep", "option": {"duration_ms": 300}},
    {"type": "play", "option": {"stream_urls": ["tone:440/1000"]}},
    {"id": "digits", "type": "dtmf_receive",
     "option": {"length": 2, "duration_ms": 30000,
                "inter_digit_ms": 20000}},
    {"type": "branch", "option": {"variable": "digits",
                                  "target_ids": {"15": "echo"},
                                  "default_target_id": "wrong"}},
    {"id": "echo", "type": "echo", "option": {"duration_ms": 1500}},
    {"type": "dtmf_send", "option": {"digits": "7#"}},
    # a BYE may overtake them
    {"type": "dtmf_receive", "option": {"length": 1, "duration_ms": 30000}},
    {"id": "bye", "type": "hangup"},
    {"id": "wrong", "type": "hangup", "option": {"reason": "failed"}},
]


def setup():
    p = Platform()
    p.create("/v1/trunks", {"name": "phones", "allowed_ips": ["127.0.0.1/32"]})
    p.flow("+4520123456", ACTIONS)
    return p


def teardown(p):
    if p:
        p.close()


def live_call(p):
    calls = p.get("/v1/calls?page_size=1&status=answered").json["result"]
    return calls[0]["id"] if calls else None


def call_with(p, codec, transport):
    phone = Phone(voice_hz=1000, codec=codec, transport=transport)
    try:
        phone.dial(f"sip:+4520123456@127.0.0.1:{p.sip}"
                   f";transport={transport}")
        call_id = wait_for(lambda: live_call(p), what="the call's record")

        def action():
            now = p.get(f"/v1/calls/{call_id}").json["action"]
            return now and now["id"]
        wait_for(lambda: action() == "digits", what="the digits action")
        phone.press("1")
        time.sleep(0.4)  # a person's pause between two keys
        wait_for(lambda: "call.dtmf" in
                 [e["type"] for e in p.events(call_id)], what="the 1")
        phone.press("5")
        digits = [phone.wait_event("CALL_DTMF_START")["param"]
                  for _ in range(2)]
        equal(digits, ["7", "#"], "the digits that the phone received")
        phone.press("0")
        phone.wait_event("CALL_CLOSED", 20)
        samples, rate = phone.heard()
    finally:
        phone.close()
    call = callee.ended(p, call_id)
    equal(call["hangup"]["reason"], "normal", f"the digits steer ({call})")
    # it keeps only what was sent: between tone and echo nothing is
    # (and either side may be late for the echo's begin or end)
    ms = len(samples) * 1000 // rate
    check(1600 <= ms <= 5000, f"a second of tone, 1.5 of echo: {ms} ms")
    for begin, end, hz in ((100, 900, 440),
                           (max(ms - 1100, 1100), ms - 100, 1000)):
        cut = samples[begin * rate // 1000:end * rate // 1000]
        share = sound.power(cut, hz, rate)
        check(share > 0.8, f"{share:.2f} of {begin}-{end} ms is {hz} Hz")


def test_pcmu_udp(p):
    """PCMU over UDP: tone, digits both ways, echo"""
    call_with(p, "PCMU/8000", "udp")


def test_pcma_tcp(p):
    """PCMA over TCP: tone, two digits, echo"""
    call_with(p, "PCMA/8000", "tcp")


def test_g722(p):
    """G.722: tone, two digits, echo"""
    call_with(p, "G722/16000", "udp")


def test_opus(p):
    """Opus: tone, two digits, echo"""
    call_with(p, "opus/48000/2", "udp")


if __name__ == "__main__":
    main(globals())
