#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Browsers are called: by REST, and by another browser over `connect`."""
from lib import sound
from lib.browser import Browser
from lib.platform import Platform
from lib.sip import Caller
from lib.tap import check, equal, main, wait_for

TARGET = "extension:1001@acme.test"
TONE = [{"type": "play", "option": {"stream_urls": ["tone:700/60000"]}}]
PAIR = [{"type": "connect",
         "option": {"destinations": [TARGET], "timeout_s": 20}}]


def token_of(p, extension):
    made = p.create("/v1/extensions",
                    {"domain_id": p.domain["id"], "extension": extension,
                     "name": extension})
    reply = p.post(f"/v1/extensions/{made['id']}/device-token", {})
    equal(reply.status, 200, "a device token")
    return reply.json["token"]


def setup():
    p = Platform()
    p.domain = p.create("/v1/domains", {"name": "acme.test"})
    p.tokens = {name: token_of(p, name) for name in ("1001", "1002")}
    p.flow("pair", PAIR, name="pair")
    return p


def teardown(p):
    if p:
        p.close()


class Devices:
    """Browsers, registered; closed at the end."""

    def __init__(self, p, *extensions):
        self.p, self.extensions, self.open = p, extensions, []

    def __enter__(self):
        try:
            for extension in self.extensions:
                browser = Browser(self.p)
                self.open.append(browser)
                browser.register(self.p.tokens[extension])
        except BaseException:
            self.__exit__()
            raise
        return self.open

    def __exit__(self, *_):
        for browser in self.open:
            browser.close()


def call(p, destination=TARGET, **rest):
    """POST /v1/calls. -> the call's id"""
    reply = p.post("/v1/calls", {"source": "tel:+4520123456",
                                 "destinations": [destination],
                                 "actions": TONE, **rest})
    equal(reply.status, 201, f"the call: {reply}")
    return reply.json["result"][0]["id"]


def until(p, call_id, status):
    def fetch():
        found = p.get(f"/v1/calls/{call_id}").json
        return found if found["status"] == status else None
    return wait_for(fetch, timeout_s=15, what=f"status {status}")


def hangup_of(p, call_id):
    hangup = until(p, call_id, "ended")["hangup"]
    return tuple(hangup[k] for k in ("by", "reason", "code", "sip_code"))


def test_it_rings_and_is_answered(p):
    with Devices(p, "1001") as (b,):
        call_id = call(p, headers={"X-Case": "42"})
        rings = b.incoming()
        equal(rings["call_id"], call_id, "call_id")
        equal(rings["call"]["source"]["target"], "+4520123456", "who calls")
        equal(rings["headers"], {"X-Case": "42"}, "headers")
        until(p, call_id, "ringing")
        b.accept(call_id)
        b.hears(700)
        found = until(p, call_id, "answered")
        equal(found["endpoint"], "webrtc", "endpoint")
        equal(found["media"]["audio"]["codec"], "opus", "codec")
        b.ask("hang_up")
        equal(hangup_of(p, call_id), ("remote", "normal", None, None),
              "hangup")


def test_it_is_declined(p):
    with Devices(p, "1001") as (b,):
        call_id = call(p)
        b.decline(b.incoming()["call_id"])
        equal(hangup_of(p, call_id), ("remote", "rejected", None, 603),
              "hangup")


def test_it_is_cancelled(p):
    with Devices(p, "1001") as (b,):
        call_id = call(p)
        b.incoming()
        reply = p.post(f"/v1/calls/{call_id}/hangup", {})
        check(reply.status < 300, f"hangup: {reply}")
        equal(b.ring_end(), "canceled", "reason")
        equal(hangup_of(p, call_id)[1], "canceled", "hangup")


def test_the_tab_is_closed_while_it_rings(p):
    with Devices(p, "1001") as (b,):
        call_id = call(p)
        b.incoming()
        b.ask("destroy")
        equal(hangup_of(p, call_id), ("remote", "failed", "unreachable", 480),
              "hangup")


def test_nobody_is_there(p):
    equal(hangup_of(p, call(p))[1:3], ("failed", "not_registered"), "hangup")
    other = call(p, "extension:1009@acme.test")
    equal(hangup_of(p, other)[1:3], ("failed", "no_route"), "hangup")


def test_two_devices(p):
    with Devices(p, "1001", "1001") as (one, two):
        call_id = call(p)
        equal(one.incoming()["call_id"], call_id, "the first's call_id")
        equal(two.incoming()["call_id"], call_id, "the second's call_id")
        two.accept(call_id)
        equal(one.ring_end(), "answered_elsewhere", "reason")
        two.hears(700)
        equal(len(until(p, call_id, "answered")["attempts"]), 2, "attempts")


def is_quiet(browser, hz):
    """A tone is not to be heard any more."""
    wait_for(lambda: browser.ask("listen", frequencies=[hz],
                                 ms=300)[str(hz)] < 0.01,
             timeout_s=15, what=f"no {hz} Hz")


def test_two_browsers_hear_and_see_each_other(p):
    with Devices(p, "1001", "1002") as (callee, caller):
        caller.ask("dial", destination="pair")
        rings = callee.incoming()
        equal(rings["call"]["source"]["target"], "1002@acme.test",
              "who calls")
        equal(rings["video"], True, "with a picture")
        callee.accept(rings["call_id"])
        caller.ask("answered", ms=20000)
        caller.ask("say", hz=900)
        callee.ask("say", hz=1300)
        callee.hears(900)
        caller.hears(1300)
        for side, name in ((caller, "caller"), (callee, "callee")):
            first = side.frames()["frames"]
            wait_for(lambda s=side, f=first: s.frames()["frames"] > f + 10,
                     timeout_s=15, what=f"a moving picture at the {name}")

        # a browser holds, then the platform does
        callee.send(request="hold")
        callee.ask("event", name="holding")
        is_quiet(caller, 1300)
        callee.send(request="unhold")
        callee.ask("event", name="resumed")
        caller.hears(1300)
        path = f"/v1/calls/{rings['call_id']}"
        check(p.post(f"{path}/hold", {}).status < 300, "hold")
        callee.ask("event", name="held")
        is_quiet(callee, 900)
        check(p.post(f"{path}/unhold", {}).status < 300, "unhold")
        callee.ask("event", name="unheld")
        callee.hears(900)
        callee.ask("hang_up")
        equal(hangup_of(p, rings["call_id"])[:2], ("remote", "normal"),
              "the callee's hangup")


def test_a_phone_calls_a_browser(p):
    """a phone calls over connect: its codec is taken, nothing is converted"""
    caller = Caller(p.sip, to="pair", user="+4530000001")
    try:
        with Devices(p, "1001") as (b,):
            caller.invite()
            rings = b.incoming()
            equal(rings["call"]["source"]["target"], "+4530000001",
                  "who calls")
            equal(rings["video"], False, "with a picture")
            b.accept(rings["call_id"])
            caller.take(caller.wait_status(200))
            caller.ack()
            found = until(p, rings["call_id"], "answered")
            equal(found["media"]["audio"]["codec"], "PCMU", "codec")
            caller.rtp.voice = sound.tone_ulaw(1000, 0.1)
            b.ask("say", hz=1300)
            b.hears(1000)
            wait_for(lambda: sound.power(caller.hear(0.4), 1300) > 0.9,
                     timeout_s=10, what="the browser's tone at the phone")
            b.send(request="dtmf", digits="5#")
            wait_for(lambda: caller.rtp.events == ["5", "#"], timeout_s=10,
                     what="the browser's digits at the phone")
            b.ask("hang_up")
            caller.respond(caller.wait_request("BYE"), 200)
    finally:
        caller.close()


if __name__ == "__main__":
    main(globals())
