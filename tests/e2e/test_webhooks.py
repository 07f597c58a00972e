#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A customer's server hears of calls: signed, in order, and after a crash."""
import base64
import os

from lib.platform import Platform
from lib.sink import Handler, Sink
from lib.sip import Caller
from lib.tap import check, equal, main, wait_for

NUMBER, WITH_WEBHOOK = "+4520123456", "+4520123457"
LIFE = ["call.created", "call.answered", "call.ended"]


class Context:
    def __init__(self):
        self.sink = Sink()
        # a second failure in test_crash is not to wait for minutes
        self.p = Platform(env={"BIFRONS_ALLOW_PRIVATE": "1",
                               "BIFRONS_WEBHOOK_RETRY_S": "5,5,5,5,5,5,5,5"})
        self.p.create("/v1/trunks", {"name": "carrier",
                                     "allowed_ips": ["127.0.0.1/32"]})
        self.flow = self.p.flow(NUMBER, [{"type": "answer"},
                                         {"type": "echo"}])

    def endpoint(self, path, **more):
        hook = self.p.create("/v1/webhooks",
                             {"url": self.sink.url(path), **more})
        Handler.secrets[path] = hook["secret"]
        return hook

    def call(self, number=NUMBER):
        caller = Caller(self.p.sip, to=number)
        caller.answer_of()
        caller.bye()
        caller.close()
        return self.p.call_of(caller)["id"]

    def deliveries(self, hook, query=""):
        return self.p.get(f"/v1/webhooks/{hook['id']}/deliveries{query}"
                          ).json["result"]

    def delete(self, hook):
        equal(self.p.call("DELETE", f"/v1/webhooks/{hook['id']}").status, 204,
              "DELETE")


def setup():
    return Context()


def teardown(c):
    if c:
        c.p.close()
        c.sink.shutdown()


def test_a_call(c):
    """An endpoint hears of a call, in order, and of its own test"""
    hook = c.endpoint("/all")
    reply = c.p.post(f"/v1/webhooks/{hook['id']}/test")
    equal(reply.status, 200, "test")
    wait_for(lambda: c.sink.types("/all") == ["webhook.test"],
             what="the test event")
    call_id = c.call()
    wait_for(lambda: len(c.sink.at("/all")) >= 4, what="the call's events")
    events = c.sink.at("/all")[1:]
    equal([e["type"] for e in events], LIFE, "types")
    equal([e["sequence"] for e in events],
          sorted(e["sequence"] for e in events), "order")
    check(all(e["call_id"] == call_id for e in events), "of the call")
    equal(events, [e for e in c.p.events(call_id) if e["type"] in LIFE],
          "documents as they were stored")
    wait_for(lambda: len(c.deliveries(hook, "?status=delivered")) == 4,
             what="the deliveries")
    last = c.deliveries(hook)[0]
    equal([a["status_code"] for a in last["attempts"]], [200], "attempts")
    figures = c.p.metrics()
    equal([figures[f"bifrons_webhook_{name}"] for name in (
        "pending", "oldest_due_seconds", "disabled",
        "attempts_delivered_total", "attempts_failed_total")],
          [0, 0, 0, 4, 0], "figures")
    c.delete(hook)


def test_number(c):
    """A number's webhook hears of its calls alone, signed by the account"""
    secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    account = c.p.get(f"/v1/flows/{c.flow['id']}").json.get("account_id") or \
        c.p.sql("SELECT id FROM account")[0][0]
    equal(c.p.call("PATCH", f"/v1/accounts/{account}",
                   {"signing_secret": secret}).status, 200, "PATCH")
    Handler.secrets["/number"] = secret
    c.p.create("/v1/numbers",
               {"number": WITH_WEBHOOK, "flow_id": c.flow["id"],
                "webhook": {"url": c.sink.url("/number")}})
    c.call()
    call_id = c.call(WITH_WEBHOOK)
    wait_for(lambda: c.sink.types("/number") == LIFE, what="its events")
    equal({e["call_id"] for e in c.sink.at("/number")}, {call_id}, "call")


def test_replay_and_gone(c):
    """A replay comes again at once; 410 disables and tells the others"""
    hook, other = c.endpoint("/gone", events=["call.ended"]), \
        c.endpoint("/other", events=["webhook.*"])
    c.call()
    wait_for(lambda: c.deliveries(hook, "?status=delivered"),
             what="a delivery")
    c.sink.status = 410
    done = c.deliveries(hook)[0]
    equal(c.p.post(f"/v1/webhooks/{hook['id']}/deliveries/{done['id']}/replay")
          .status, 200, "replay")
    wait_for(lambda: not c.p.get(f"/v1/webhooks/{hook['id']}")
             .json["enabled"], what="410")
    c.sink.status = 200
    check(c.p.get(f"/v1/webhooks/{hook['id']}").json["disabled_reason"],
          "disabled_reason")
    # the other one may have been told while 410 was the answer
    figures = c.p.metrics()
    check(figures["bifrons_webhook_disabled"] in (1, 2) and
          figures["bifrons_webhook_failed_total"] in (1, 2), "figures")
    c.delete(hook)
    c.delete(other)


def test_crash(c):
    """kill -9 while the endpoint is down: everything arrives afterwards"""
    hook = c.endpoint("/crash")
    c.sink.status = 0
    calls = [c.call() for _ in range(5)]
    wait_for(lambda: any(p == "/crash" for p, _, _ in c.sink.got),
             what="the first attempt")
    wait_for(lambda: [e["type"] for e in c.p.events() if e["call_id"] in calls
                      ].count("call.ended") == len(calls),
             what="the ends on disk")
    c.sink.status = 200
    c.p.crash()
    calls.append(c.call())
    wait_for(lambda: len(c.sink.at("/crash")) >= 3 * len(calls), 60,
             "all events")
    for call_id in calls:
        equal([e["type"] for e in c.sink.at("/crash")
               if e["call_id"] == call_id], LIFE, f"events of {call_id}")
    c.delete(hook)


def test_private(_):
    """Unless it is allowed, nothing goes to a private address"""
    sink, p = Sink(), Platform()
    try:
        hook = p.create("/v1/webhooks", {"url": sink.url()})
        p.post(f"/v1/webhooks/{hook['id']}/test")
        path = f"/v1/webhooks/{hook['id']}/deliveries"
        tried = wait_for(lambda: [d for d in p.get(path).json["result"]
                                  if d["attempts"]], what="an attempt")
        check("forbidden address" in tried[0]["attempts"][0]["error"],
              "the error says why")
        equal(tried[0]["status"], "pending", "status")
        equal(sink.got, [], "what came")
    finally:
        p.close()
        sink.shutdown()


if __name__ == "__main__":
    main(globals())
