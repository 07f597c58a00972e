#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser calls a flow: what it hears, sees, and how it vanishes."""
import time

from lib.browser import Browser
from lib.platform import Platform
from lib.tap import check, equal, main, wait_for

ACTIONS = [
    {"id": "answer", "type": "answer"},
    {"id": "tone", "type": "play",
     "option": {"stream_urls": ["tone:700/60000"], "barge_in": "any"}},
    {"id": "digits", "type": "dtmf_receive",
     "option": {"length": 1, "duration_ms": 30000}},
    {"id": "branch", "type": "branch",
     "option": {"variable": "digits", "target_ids": {"1": "echo"},
                "default_target_id": "bye"}},
    {"id": "echo", "type": "echo", "option": {"duration_ms": 60000}},
    {"id": "bye", "type": "hangup"},
]
EARLY = [
    {"id": "early", "type": "play",
     "option": {"stream_urls": ["tone:900/8000"]}},
    {"id": "answer", "type": "answer"},
    {"id": "late", "type": "play",
     "option": {"stream_urls": ["tone:1300/60000"]}},
]


def setup():
    p = Platform()
    p.flow("menu", ACTIONS, name="menu")
    p.flow("early", EARLY, name="early")
    domain = p.create("/v1/domains", {"name": "acme.test"})
    extension = p.create("/v1/extensions",
                         {"domain_id": domain["id"], "extension": "1001",
                          "name": "Ada", "password": "correct horse"})
    p.extension = extension
    reply = p.post(f"/v1/extensions/{extension['id']}/device-token",
                   {"expires_s": 3600})
    equal(reply.status, 200, "a device token")
    p.token = reply.json["token"]
    return p


def teardown(p):
    if p:
        p.close()


def browser(p):
    b = Browser(p)
    try:
        who = b.register(p.token)
        equal((who["extension"], who["domain"]), ("1001", "acme.test"),
              "who is registered")
    except BaseException:
        b.close()
        raise
    return b


def answered(p, call_id):
    """The call's record, once it says so."""
    def fetch():
        call = p.get(f"/v1/calls/{call_id}").json
        return call if call.get("status") == "answered" else None
    return wait_for(fetch, what="the record of the answer")


def ended(p, call_id, within_s=10):
    """Wait for the end: a lost browser ends its call after 3 s."""
    begin = time.monotonic()

    def fetch():
        call = p.get(f"/v1/calls/{call_id}").json
        return call if call["status"] == "ended" else None
    call = wait_for(fetch, timeout_s=20, what="the end of the call")
    took = time.monotonic() - begin
    print(f"# ended after {took:.1f} s")
    check(took <= within_s, f"ended after {took:.1f} s")
    return call


def hangup_of(call):
    return tuple(call["hangup"][k] for k in ("by", "reason", "code"))


def test_config_is_for_any_token(p):
    reply = p.get("/v1/webrtc/config", key=p.token)
    equal(reply.status, 200, "status")
    equal(reply.json["ws_url"], f"ws://127.0.0.1:{p.ws}/", "ws_url")
    equal(p.get("/v1/webrtc/config", key=False).status, 401, "without")
    equal(p.get("/v1/calls", key=p.token).status, 403, "the rest is closed")


def test_a_password_is_never_seen(p):
    shown = p.get(f"/v1/extensions/{p.extension['id']}").json
    check("password" not in shown, f"shown: {shown}")
    stored = p.sql("SELECT doc FROM extension WHERE id = ?",
                   p.extension["id"])[0][0]
    check("correct horse" not in stored, "not in the store")


def test_tone_digit_echo_picture(p):
    b = browser(p)
    try:
        b.call("menu")
        check(b.hears(700) > 0.02, "the tone")
        call = answered(p, b.call_id)
        equal(call["endpoint"], "webrtc", "endpoint")
        equal(call["source"]["target"], "1001@acme.test", "source")
        b.send(request="dtmf", digits="1")
        b.ask("say", hz=1230)
        check(b.hears(1230) > 0.05, "its own voice")
        begin = b.frames()["frames"]
        wait_for(lambda: b.frames()["frames"] - begin > 15, 20,
                 "a moving picture")
        seen = b.frames()
        check((seen["width"], seen["height"]) != (0, 0), "a picture")
        end = b.ask("hang_up")
        equal((end["by"], end["reason"]), ("remote", "normal"), "its hangup")
        call = ended(p, b.call_id)
        equal(hangup_of(call), ("remote", "normal", None), "hangup")
        equal(call["media"]["audio"]["codec"].lower(), "opus", "audio")
        check(call["media"]["video"]["codec"] in ("VP8", "H264"), "video")
        types = [e["type"] for e in p.events(b.call_id)]
        for kind in ("call.created", "call.answered", "call.dtmf",
                     "call.ended"):
            check(kind in types, f"{kind} in {types}")
    finally:
        b.close()


def test_early_media(p):
    b = browser(p)
    try:
        b.call_id = b.ask("dial", destination="early")["call_id"]
        b.ask("progress")
        check(b.hears(900, ms=7000) > 0.02, "the tone before the answer")
        equal(p.get(f"/v1/calls/{b.call_id}").json["status"], "ringing",
              "status")
        b.ask("event", name="accepted", ms=20000)
        check(b.hears(1300) > 0.02, "the tone after it")
        b.ask("hang_up")
        ended(p, b.call_id)
    finally:
        b.close()


def test_rest_ends_it(p):
    b = browser(p)
    try:
        b.call("menu")
        equal(p.post(f"/v1/calls/{b.call_id}/hangup").status, 200, "status")
        event = b.ask("event", name="hangup")
        equal((event["by"], event["reason"]), ("local", "normal"), "event")
        equal(hangup_of(ended(p, b.call_id))[0], "local", "by")
    finally:
        b.close()


def test_no_route(p):
    b = browser(p)
    try:
        failed = None
        try:
            b.call("nobody")
        except AssertionError as error:
            failed = str(error)
        check(failed and "no_route" in failed, f"refused: {failed}")
    finally:
        b.close()


def vanish(p, how):
    b = browser(p)
    try:
        b.call("menu")
        b.hears(700)
        how(b)
        return ended(p, b.call_id)
    finally:
        b.close()


def test_session_closed(p):
    call = vanish(p, lambda b: b.ask("destroy"))
    equal(hangup_of(call), ("remote", "normal", "browser_lost"), "hangup")


def test_handle_closed(p):
    call = vanish(p, lambda b: b.ask("detach"))
    equal(hangup_of(call), ("remote", "normal", "browser_lost"), "hangup")


def test_connection_closed(p):
    call = vanish(p, lambda b: b.ask("close_connection"))
    check(hangup_of(call) in (("remote", "normal", "browser_lost"),
                              ("system", "timeout", "media_timeout")),
          f"hangup {hangup_of(call)}")


def test_websocket_cut(p):
    call = vanish(p, lambda b: b.ask("cut"))
    equal(hangup_of(call), ("remote", "normal", "browser_lost"), "hangup")


def test_media_stopped(p):
    call = vanish(p, lambda b: b.freeze())
    equal(hangup_of(call), ("system", "timeout", "media_timeout"), "hangup")


def test_killed(p):
    call = vanish(p, lambda b: b.kill())
    check(hangup_of(call) in (("remote", "normal", "browser_lost"),
                              ("system", "timeout", "media_timeout")),
          f"hangup {hangup_of(call)}")


def test_stop_with_browsers(p):
    b = browser(p)
    try:
        b.call("menu")
        call_id = b.call_id
        code, took = p.stop()
        equal(code, 0, "exit code")
        check(took < 10, f"{took:.1f} s")
        doc = p.sql("SELECT doc FROM call WHERE id = ?", call_id)[0][0]
        check("node_stopped" in doc, "the call's record")
    finally:
        b.close()


if __name__ == "__main__":
    main(globals())
