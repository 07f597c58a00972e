#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""patch and webhook_send: the customer's server says what comes next."""
import base64
import hashlib
import hmac
import json

from lib import callee, sound
from lib.platform import Platform
from lib.sip import Caller
from lib.tap import check, equal, main, wait_for
from lib.web import Web, at_once, endless, hang

numbers = iter(range(4521400001, 4521409999))


class Context:
    def __init__(self):
        self.p = Platform(env={"BIFRONS_ALLOW_PRIVATE": "1"})
        self.web = Web()
        self.p.create("/v1/trunks", {"name": "phones",
                                     "allowed_ips": ["127.0.0.1/32"]})

    def call(self, option, **more):
        """A flow with one patch. -> (caller, call id)"""
        number = f"+{next(numbers)}"
        self.p.flow(number, [
            {"type": "answer"},
            {"type": "variable_set", "option": {"key": "who", "value": "me"}},
            {"type": "patch", "option": {"retries": 0, **option}, **more},
            {"type": "play", "option": {"stream_urls": ["tone:440/600000"]}},
            {"id": "broken", "type": "play",
             "option": {"stream_urls": ["tone:800/600000"]}}])
        alice = Caller(self.p.sip, to=number)
        alice.answer_of()
        return alice, self.p.call_of(alice)["id"]

    def json(self, path, body):
        self.web.put(path, json.dumps(body).encode(), "application/json")

    def close(self):
        self.web.close()
        self.p.close()


def setup():
    return Context()


def teardown(c):
    if c:
        c.close()


def hears(alice, hz):
    wait_for(lambda: sound.power(alice.hear(0.3)[800:], hz) > 0.8, 15,
             f"{hz} Hz")


def test_actions_come(c):
    """What the server says runs, then the flow goes on; it is signed"""
    c.json("/next", {"actions": [{"type": "play", "option": {
        "stream_urls": ["tone:1000/5000"]}}], "variables": {"tier": "gold"}})
    alice, call_id = c.call({"event_url": c.web.url("/next"),
                             "headers": {"X-Mine": "yes"}})
    try:
        hears(alice, 1000)
        hears(alice, 440)
        equal(c.p.get(f"/v1/calls/{call_id}").json["variables"]["tier"],
              "gold", "the variable")
        alice.bye()
    finally:
        alice.close()
    request = c.web.wait_for("/next")[0]
    body = json.loads(request.body)
    equal((request.method, body["event"], body["call"]["id"],
           body["variables"]["who"]), ("POST", "patch", call_id, "me"),
          "the question")
    equal(request.header("X-Mine"), "yes", "our header")
    check_signature(c, request)


def check_signature(c, request):
    me = c.p.get("/v1/accounts").json["result"][0]
    secret = "whsec_" + base64.b64encode(b"0" * 24).decode()
    reply = c.p.call("PATCH", f"/v1/accounts/{me['id']}",
                     {"signing_secret": secret})
    equal(reply.status, 200, f"a secret of our own ({reply})")
    alice, _ = c.call({"event_url": c.web.url("/next")})
    try:
        request = c.web.wait_for("/next", 2)[-1]
        signed = b".".join([request.header("webhook-id").encode(),
                            request.header("webhook-timestamp").encode(),
                            request.body])
        want = base64.b64encode(hmac.new(b"0" * 24, signed, hashlib.sha256)
                                .digest()).decode()
        check(f"v1,{want}" in request.header("webhook-signature").split(),
              "the signature")
        alice.bye()
    finally:
        alice.close()


def test_broken_servers(c):
    """Slow, silent, 500, garbage, 10 MB, a bad action: never stuck"""
    web = c.web
    web.put("/never", b"x", how=hang())
    web.status("/500", 500, b"oh no")
    web.put("/garbage", b"\x00\xff{{{", "application/json")
    web.put("/huge", b"[" + b" " * 10_000_000 + b"]", "application/json")
    web.put("/endless", b" " * 65536, "application/json", how=endless,
            length="none")
    c.json("/action", [{"type": "no_such_action"}])
    c.json("/action2", {"actions": [{"type": "play", "option": {}}]})
    web.put("/reset", b"x", how=lambda conn, body: conn.reset())
    for path in ("/never", "/500", "/garbage", "/huge", "/endless",
                 "/action", "/action2", "/reset"):
        alice, call_id = c.call({"event_url": web.url(path),
                                 "timeout_ms": 1000}, error_id="broken")
        try:
            hears(alice, 800)
            values = c.p.get(f"/v1/calls/{call_id}").json["variables"]
            check(values.get("error.code"), f"{path}: a code says why")
            wait_for(lambda i=call_id, x=path: x in str(
                c.p.get(f"/v1/calls/{i}/timeline").json),
                what=f"{path} in the timeline")
            print(f"# {path}: {values['error.code']}: "
                  f"{values.get('error.detail')}")
            alice.bye()
        finally:
            alice.close()


def test_without_error_id(c):
    """A patch that fails without error_id hangs up as failed"""
    c.web.status("/500", 500)
    alice, call_id = c.call({"event_url": c.web.url("/500")})
    try:
        alice.wait_request("BYE")
        done = callee.ended(c.p, call_id)
        equal(done["hangup"]["reason"], "failed", f"{done['hangup']}")
    finally:
        alice.close()


def test_retries_and_fallback(c):
    """5xx is tried again, then the fallback is asked"""
    c.web.answers("/sick", [500, 503, 500], then=500)
    c.json("/well", [])
    alice, _ = c.call({"event_url": c.web.url("/sick"), "retries": 2,
                       "fallback_url": c.web.url("/well")})
    try:
        hears(alice, 440)
        alice.bye()
    finally:
        alice.close()
    equal(len(c.web.asked("/sick")), 3, "asked in all")
    equal(len(c.web.asked("/well")), 1, "the fallback")


def test_nothing_to_run(c):
    """204: the flow goes on"""
    c.web.answers("/204", [], then=204)
    alice, _ = c.call({"event_url": c.web.url("/204")})
    try:
        hears(alice, 440)
        alice.bye()
    finally:
        alice.close()


def test_private_redirect(c):
    """A redirect to a private address is not followed where none is allowed
    """
    guarded = Platform()
    try:
        guarded.create("/v1/trunks", {"name": "phones",
                                      "allowed_ips": ["127.0.0.1/32"]})
        guarded.flow("+4521499999", [
            {"type": "answer"},
            {"type": "patch", "option": {"event_url": c.web.url("/204"),
                                         "retries": 0}, "error_id": "e"},
            {"type": "hangup"},
            {"id": "e", "type": "play",
             "option": {"stream_urls": ["tone:800/600000"]}}])
        alice = Caller(guarded.sip, to="+4521499999")
        before = len(c.web.asked("/204"))
        alice.answer_of()
        hears(alice, 800)
        equal(len(c.web.asked("/204")), before, "requests that came through")
        call_id = guarded.call_of(alice)["id"]
        got = guarded.get(f"/v1/calls/{call_id}").json["variables"]
        equal(got["error.code"], "forbidden_address", f"{got}")
        alice.bye()
        alice.close()
    finally:
        guarded.close()


def test_webhook_send(c):
    """webhook_send: sync leaves the answer in variables"""
    c.json("/crm", {"name": "Ada", "deep": {"n": 7}})
    number = f"+{next(numbers)}"
    c.p.flow(number, [
        {"type": "answer"},
        {"type": "webhook_send", "option": {
            "uri": c.web.url("/crm"), "sync": True,
            "data": {"caller": "${call.source}"}}},
        {"type": "webhook_send", "option": {"uri": c.web.url("/fire"),
                                            "method": "POST", "data": "x"}},
        {"type": "play", "option": {"stream_urls": ["tone:440/600000"]}}])
    c.web.route("/fire", lambda request, conn:
                (200, {"Content-Length": 0}, b"", at_once))
    alice = Caller(c.p.sip, to=number)
    try:
        alice.answer_of()
        hears(alice, 440)
        got = c.p.get(f"/v1/calls/{c.p.call_of(alice)['id']}") \
            .json["variables"]
        equal((got["response.status"], got["response.body.name"],
               got["response.body.deep.n"]), ("200", "Ada", "7"),
              "the answer")
        c.web.wait_for("/fire")
        equal(json.loads(c.web.asked("/crm")[0].body)["caller"],
              "tester@127.0.0.1",
              "what was sent")
        alice.bye()
    finally:
        alice.close()


if __name__ == "__main__":
    main(globals())
