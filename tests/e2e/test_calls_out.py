#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST /v1/calls: the platform calls, and tells how it went."""
import threading

from lib import callee, sound
from lib.callee import Callee
from lib.platform import Platform, free_port
from lib.tap import check, equal, main, wait_for

TONE = [{"type": "play", "option": {"stream_urls": ["tone:440/600000"]}}]


def setup():
    return Platform()


def teardown(p):
    if p:
        p.close()


def call_out(p, uri, actions=None, **more):
    """-> the call as POST shows it"""
    made = p.post("/v1/calls", {
        "source": "sip:alice@example.com", "destinations": [uri],
        "actions": actions or TONE, **more})
    equal(made.status, 201, f"POST /v1/calls ({made})")
    equal(len(made.json["result"]), 1, "calls of one destination")
    return made.json["result"][0]


def types(p, call_id):
    return [e["type"] for e in p.events(call_id)
            if e["type"].startswith("call.")]


def outcome(p, behave, **more):
    """How a call to somebody who behaves so ended. -> the record"""
    bob = Callee(behave)
    try:
        made = call_out(p, bob.uri(), **more)
        return callee.ended(p, made["id"])
    finally:
        bob.close()


def test_answered(p):
    """Somebody answers, hears the flow and gets the BYE at its end"""
    bob = Callee(callee.ring_and_answer)
    try:
        made = call_out(p, bob.uri(), [
            {"type": "play", "option": {"stream_urls": ["tone:440/1000"]}}],
            headers={"X-Ticket": "42"}, variables={"who": "bob"})
        check(made["status"] in ("queued", "dialing", "ringing", "answered"),
              f"a call on its way: {made['status']}")
        equal(made["direction"], "outgoing", "direction")
        call = bob.wait_call()
        equal(call.invite.get("x-ticket"), "42", "our header")
        check("alice" in call.invite.get("from"),
              f"the source in From: {call.invite.get('from')}")
        check("100rel" not in call.invite.get("supported"), "no 100rel")
        call.wait_ended()
        check(not call.by_us and call.acked, "ACK and BYE came from them")
        heard = call.rtp.samples()
        share = sound.power(heard[2000:7000], 440)
        check(share > 0.9, f"{share:.2f} of the sound is 440 Hz")
        done = callee.ended(p, made["id"])
    finally:
        bob.close()
    equal(done["hangup"]["reason"], "normal", "why it ended")
    equal(done["hangup"]["by"], "local", "who ended it")
    equal(done["variables"]["who"], "bob", "the variable")
    equal(done["endpoint"], "sip", "endpoint")
    check(done["duration_ms"] >= 900, f"duration {done['duration_ms']}")
    equal(types(p, made["id"]),
          ["call.created", "call.dialing", "call.ringing", "call.answered",
           "call.ended"], "the story")


def test_refused(p):
    """Busy, declined, gone: reason and SIP status tell"""
    for status, reason in ((486, "busy"), (600, "busy"), (603, "rejected"),
                           (404, "failed"), (480, "noanswer")):
        done = outcome(p, callee.refuse(status, "So It Is"))
        end = done["hangup"]
        equal((end["reason"], end["sip_code"]), (reason, status),
              f"a {status}")
        equal(end["sip_reason"], "So It Is", "its phrase")
        equal(done["duration_ms"], 0, "never answered")


def test_no_answer(p):
    """Who only rings is canceled after timeout_s"""
    bob = Callee(callee.ring)
    try:
        made = call_out(p, bob.uri(), timeout_s=3)
        done = callee.ended(p, made["id"])
        bob.wait_call().wait_canceled()
    finally:
        bob.close()
    equal(done["hangup"]["reason"], "noanswer", "why it ended")
    check(done["ringing_at"] and not done["answered_at"], "it rang")


def test_canceled(p):
    """A hangup by REST while it rings is a CANCEL"""
    bob = Callee(callee.ring)
    try:
        made = call_out(p, bob.uri())
        call = bob.wait_call()
        wait_for(lambda: p.get(f"/v1/calls/{made['id']}").json["status"]
                 == "ringing", what="ringing")
        equal(p.post(f"/v1/calls/{made['id']}/hangup").status, 200, "hangup")
        call.wait_canceled()
        done = callee.ended(p, made["id"])
        equal(done["hangup"]["by"], "local", "who ended it")
    finally:
        bob.close()


def test_unreachable(p):
    """Nobody listens there: failed, with words"""
    made = call_out(p, f"sip:bob@127.0.0.1:{free_port()}", timeout_s=5)
    done = callee.ended(p, made["id"], 15)
    equal(done["hangup"]["reason"], "failed", f"why ({done['hangup']})")
    check(done["hangup"]["code"], "a code says why")


def test_callee_hangs_up(p):
    """The callee's BYE ends call and flow"""
    bob = Callee()
    try:
        made = call_out(p, bob.uri())
        call = bob.wait_call()
        call.wait_acked()
        call.bye()
        call.wait_ended()
        done = callee.ended(p, made["id"])
        equal(done["hangup"]["by"], "remote", "who ended it")
    finally:
        bob.close()


def test_several(p):
    """One call per destination, each its own"""
    bob, carol = Callee(), Callee(callee.busy)
    try:
        made = p.post("/v1/calls", {
            "source": "sip:alice@example.com",
            "destinations": [bob.uri(), carol.uri("carol")],
            "actions": [{"type": "hangup"}]})
        equal(made.status, 201, f"POST ({made})")
        ids = [c["id"] for c in made.json["result"]]
        equal(len(set(ids)), 2, "two calls")
        reasons = {callee.ended(p, i)["hangup"]["reason"] for i in ids}
        equal(reasons, {"normal", "busy"}, "how they ended")
    finally:
        bob.close()
        carol.close()


def test_trunk(p):
    """By a trunk: a silent host is left for the next, which wants a password
    """
    silent = Callee(callee.never)

    def guarded(dialog):
        if "authorization" in [n for n, _ in dialog.invite.headers] or \
                dialog.invite.get("proxy-authorization"):
            dialog.answer()
        else:
            dialog.respond(dialog.invite, 407, "Proxy Authentication Required",
                           extra=['Proxy-Authenticate: Digest realm="x", '
                                  'nonce="n1", qop="auth"'])
            del dialog.callee.by_id[dialog.call_id]
    carrier = Callee(guarded)
    try:
        trunk = p.create("/v1/trunks", {
            "name": "carrier", "username": "me", "password": "secret",
            "hosts": [{"host": "127.0.0.1", "port": silent.port,
                       "priority": 1},
                      {"host": "127.0.0.1", "port": carrier.port,
                       "priority": 2}]})
        made = call_out(p, "tel:+4520123456", [{"type": "hangup"}],
                        trunk_id=trunk["id"], source="tel:+4570101010")
        # (the first INVITE may come again before its 407)
        call = wait_for(lambda: next(
            (c for c in carrier.calls
             if c.invite.get("proxy-authorization")), None), 20,
            "an INVITE with a password")
        done = callee.ended(p, made["id"])
        equal(done["hangup"]["reason"], "normal", f"{done['hangup']}")
        equal(done["trunk_id"], trunk["id"], "trunk_id")
        check("+4520123456" in call.invite.start, "the number")
        check('username="me"' in call.invite.get("proxy-authorization"),
              "digest")
        hosts = [a["host"] for a in done["attempts"]]
        equal(len(hosts), 2, f"two attempts: {done['attempts']}")
    finally:
        silent.close()
        carrier.close()


def test_early_execution(p):
    """early_execution: the flow runs while it rings"""
    bob = Callee(callee.ring)
    try:
        made = call_out(p, bob.uri(), [
            {"type": "variable_set", "option": {"key": "x", "value": "1"}},
            {"type": "sleep", "option": {"duration_ms": 60000}}],
            early_execution=True)
        call = bob.wait_call()
        wait_for(lambda: p.get(f"/v1/calls/{made['id']}").json["variables"]
                 .get("x") == "1", what="the flow")
        p.post(f"/v1/calls/{made['id']}/hangup")
        call.wait_canceled()
    finally:
        bob.close()


def test_max_duration(p):
    """max_duration_s ends it"""
    done = outcome(p, None, max_duration_s=1)
    equal(done["hangup"]["code"], "max_duration", f"{done['hangup']}")


def test_queued(p):
    """Over max_cps calls wait as queued, in order, and are made later"""
    account = p.create("/v1/accounts", {"name": "slow", "max_cps": 1})
    own = {"Bifrons-Account": account["id"]}
    bob, order, lock = Callee(), [], threading.Lock()

    def behave(dialog):
        with lock:
            order.append(dialog.user)
        dialog.refuse(486, "Busy")
    bob.behave = behave
    try:
        ids = []
        for n in range(3):
            made = p.post("/v1/calls", {
                "source": "sip:a@example.com",
                "destinations": [bob.uri(f"n{n}")], "actions": TONE},
                headers=own)
            equal(made.status, 201, f"POST {n} ({made})")
            ids.append(made.json["result"][0])
        equal(ids[2]["status"], "queued", "the third")
        for made in ids:
            callee.ended(p, made["id"], headers=own)
        equal(order, ["n0", "n1", "n2"], "the order")
    finally:
        bob.close()


def test_bad_requests(p):
    """What cannot be a call is 422, with the pointer"""
    good = {"source": "sip:a@example.com", "actions": TONE,
            "destinations": ["sip:b@127.0.0.1:9"]}
    for change, pointer in (
            ({"destinations": []}, "/destinations"),
            ({"destinations": ["nonsense"]}, "/destinations/0"),
            ({"destinations": ["tel:+4520123456"]}, None),
            ({"actions": [{"type": "nothing"}]}, "/actions/0/type"),
            ({"flow_id": "x"}, None),
            ({"headers": {"Via": "x"}}, "/headers/Via"),
            ({"headers": {"X-A": "a\r\nVia: b"}}, "/headers/X-A"),
            ({"timeout_s": -1}, "/timeout_s"),
            ({"unknown": 1}, "/unknown")):
        reply = p.post("/v1/calls", {**good, **change})
        equal(reply.status, 422, f"{change} ({reply})")
        if pointer:
            check(pointer in [e["pointer"] for e in reply.json["errors"]],
                  f"{pointer} in {reply}")


if __name__ == "__main__":
    main(globals())
