#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input over HTTP gets what the contract says: never a crash, never 500."""
import json
import re
import socket

from lib.platform import Platform
from lib.tap import check, equal, main

UNKNOWN = "01900000-0000-7000-8000-000000000000"


def setup():
    p = Platform()
    account = p.create("/v1/accounts", {"name": "other", "country": "DK"})
    p.other = account["access_key"]
    if isinstance(p.other, dict):
        p.other = p.other["value"]
    p.pid = p.janus_pid()
    return p


def teardown(p):
    if not p:
        return
    try:
        equal(p.janus_pid(), p.pid, "the process is the one that started")
    finally:
        p.close()


def problem(reply, status, code):
    equal(reply.status, status, f"status of {reply}")
    check(reply.headers["Content-Type"].startswith(
        "application/problem+json"), "is a problem document")
    for field in ("type", "title", "status", "code", "detail", "request_id"):
        check(field in reply.json, f"has {field}: {reply.json}")
    equal(reply.json["code"], code, "code")
    equal(reply.headers["X-Request-Id"], reply.json["request_id"],
          "request id")


def test_malformed_json(p):
    """Malformed JSON is 400 and tells where"""
    reply = p.call("POST", "/v1/flows", raw=b'{"name": "x",\n "actions": [}')
    problem(reply, 400, "malformed_json")
    check("line 2" in reply.json["detail"], reply.json["detail"])
    for raw in (b'{"a":1,"a":2}', b'[' * 100000, b'{"a":"\xff"}', b'',
                b'{"name":"\\u0000"}', b'nul'):
        reply = p.call("POST", "/v1/flows", raw=raw)
        check(reply.status in (400, 422), f"{raw[:20]!r}: {reply}")


def test_wrong_fields(p):
    """Unknown fields and wrong types are 422 with their JSON pointers"""
    reply = p.post("/v1/flows", {"name": 5, "actions": {}, "color": "red"})
    problem(reply, 422, reply.json["code"])
    pointers = sorted(e["pointer"] for e in reply.json["errors"])
    equal(pointers, ["/actions", "/color", "/name"], "pointers")


def test_flow_faults(p):
    """Every fault of a flow is listed"""
    reply = p.post("/v1/flows", {"name": "x", "actions": [
        {"id": "a", "type": "sleep", "option": {"duration_ms": "soon"}},
        {"id": "a", "type": "goto", "option": {"target_id": "nowhere"}},
        {"type": "dance"},
        {"type": "play", "option": {"stream_urls": ["tone:banana"]}}]})
    problem(reply, 422, "flow_invalid")
    pointers = [e["pointer"] for e in reply.json["errors"]]
    for want in ("/actions/0/option/duration_ms", "/actions/1/id",
                 "/actions/1/option/target_id", "/actions/2/type",
                 "/actions/3/option/stream_urls/0"):
        check(want in pointers, f"{want} in {pointers}")


def test_huge_body(p):
    """A body over 1 MiB is 413, with a length and chunked"""
    reply = p.call("POST", "/v1/flows",
                   raw=b'{"name":"' + b"x" * (1 << 20) + b'"}')
    problem(reply, 413, "body_too_large")
    with socket.create_connection(("127.0.0.1", p.http), timeout=10) as s:
        s.sendall(b"POST /v1/flows HTTP/1.1\r\nHost: x\r\n"
                  b"Authorization: Bearer " + p.key.encode() +
                  b"\r\nContent-Type: application/json\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
        try:
            for _ in range(20):
                s.sendall(chunk)
        except OSError:
            pass
        check(b" 413 " in s.recv(4096), "chunked body over the limit")


def test_methods_and_types(p):
    """Wrong method 405 + Allow, wrong type 415, unknown path 404"""
    reply = p.call("PUT", "/v1/flows")
    problem(reply, 405, "method_not_allowed")
    check("GET" in reply.headers["Allow"], reply.headers["Allow"])
    reply = p.call("POST", "/v1/flows", raw=b"name=x",
                   headers={"Content-Type": "text/plain"})
    problem(reply, 415, "unsupported_media_type")
    problem(p.get("/v1/nothing"), 404, "not_found")
    problem(p.get(f"/v1/calls/{UNKNOWN}"), 404, "call_not_found")
    problem(p.get("/v1/calls/not-an-id"), 404, "call_not_found")


def test_keys(p):
    """No key, a wrong one, a scope that is missing"""
    problem(p.get("/v1/flows", key=None), 401, "unauthorized")
    problem(p.get("/v1/flows", key="bfk_wrong"), 401, "unauthorized")
    key = p.create("/v1/access-keys", {"name": "reader",
                                       "scopes": ["flows:read"]})
    value = key.get("value") or key["access_key"]
    equal(p.get("/v1/flows", key=value).status, 200, "its scope")
    problem(p.get("/v1/calls", key=value), 403, "forbidden")
    equal(p.call("DELETE", f"/v1/access-keys/{key['id']}").status, 204,
          "revoke")
    equal(p.get("/v1/flows", key=value).status, 401, "revoked")


def test_metrics(p):
    """/metrics: a scraper on this machine, or a key that may"""
    reply = p.get("/metrics", key=None)
    equal(reply.status, 200, "without a key")
    check(b"bifrons_calls_live 0" in reply.raw, "the call plugin's figures")
    check(b"bifrons_rest_requests_total" in reply.raw, "the transport's")
    proxied = {"X-Forwarded-For": "198.51.100.1"}
    problem(p.get("/metrics", key=None, headers=proxied), 401,
            "unauthorized")


def test_tenancy(p):
    """Another account's ids answer 404 to everything"""
    flow = p.create("/v1/flows", {"name": "mine",
                                  "actions": [{"type": "answer"}]})
    path = f"/v1/flows/{flow['id']}"
    problem(p.get(path, key=p.other), 404, "flow_not_found")
    problem(p.call("PATCH", path, {"name": "stolen"}, key=p.other), 404,
            "flow_not_found")
    problem(p.call("DELETE", path, key=p.other), 404, "flow_not_found")
    problem(p.post("/v1/numbers", {"number": "+4520000001",
                                   "flow_id": flow["id"]}, key=p.other),
            422, "invalid")
    equal(p.get("/v1/flows", key=p.other).json["result"], [], "its flows")
    problem(p.get("/v1/accounts", key=p.other), 403, "forbidden")


def test_filters(p):
    """Unknown filters and wrong pages are 422"""
    for query in ("colour=red", "page_size=0", "page_size=201",
                  "page_size=x", "page_token=forged", "status=dancing",
                  "created_from=yesterday"):
        reply = p.get(f"/v1/calls?{query}")
        problem(reply, 422, "invalid")


def test_idempotency(p):
    """The same key gives the first answer; another body is 422"""
    head = {"Idempotency-Key": "abc-1"}
    body = {"name": "once", "actions": [{"type": "answer"}]}
    first = p.post("/v1/flows", body, headers=head)
    again = p.post("/v1/flows", body, headers=head)
    equal(first.status, 201, "first")
    equal(again.status, 201, "again")
    equal(again.json["id"], first.json["id"], "the same flow")
    body["name"] = "other"
    problem(p.post("/v1/flows", body, headers=head), 422,
            "idempotency_mismatch")


def test_in_use(p):
    """A flow that a number names cannot be deleted"""
    flow = p.flow("+4520000002", [{"type": "answer"}])
    reply = p.call("DELETE", f"/v1/flows/{flow['id']}")
    problem(reply, 409, "in_use")
    check("number" in reply.json["detail"], reply.json["detail"])


def answers(operation):
    """Content types of its 200."""
    return operation["responses"].get("200", {}).get("content", {})


def test_every_route_with_rubbish(p):
    """Every route of the OpenAPI file, with rubbish: no 500, no crash"""
    doc = p.get("/openapi.json", key=None).json
    equal(doc["openapi"][:3], "3.1", "version")
    rubbish = [b"{}", b"[]", b"null", b"5", b'"x"', b'{"name":{"a":[]}}',
               b'{"id":1,"actions":[[[]]]}', b'{"scopes":"all"}',
               json.dumps({"name": "x" * 100000}).encode(),
               '{"name":"\\ud800"}'.encode()]
    for path, item in doc["paths"].items():
        for method in item:
            if method not in ("get", "post", "patch", "delete", "put"):
                continue
            for ident in (UNKNOWN, "%00", "..%2f..", "x" * 3000):
                url = re.sub("{[a-z_]+}", ident, path)
                if "text/event-stream" in answers(item[method]):
                    url += "?types=%00"  # it would go on for ever
                bodies = rubbish if method in ("post", "patch", "put") \
                    else [None]
                for raw in bodies:
                    reply = p.call(method.upper(), url, raw=raw)
                    check(reply.status < 500 or reply.status == 503,
                          f"{method} {url} {raw!r}: {reply}")
                if "{" not in path:
                    break


def test_smuggling(p):
    """A blank before a framing header's colon is refused, the rest unread"""
    with socket.create_connection(("127.0.0.1", p.http), timeout=10) as s:
        s.sendall(b"POST /v1/flows/validate HTTP/1.1\r\nHost: x\r\n"
                  b"Authorization: Bearer " + p.key.encode() +
                  b"\r\nContent-Type: application/json\r\n"
                  b"Content-Length: 5\r\nTransfer-Encoding : chunked\r\n"
                  b"\r\n0\r\n\r\nGET /nope HTTP/1.1\r\nHost: x\r\n\r\n")
        data = b""
        while True:
            try:
                piece = s.recv(65536)
            except ConnectionResetError:  # as it left something unread
                break
            if not piece:
                break
            data += piece
    check(data.startswith(b"HTTP/1.1 400 "), f"refused: {data[:80]!r}")
    check(b" 404 " not in data, "the smuggled request was not answered")


def test_last_platform_key(p):
    """The last platform key that does not expire cannot be revoked"""
    keys = p.get("/v1/access-keys").json["result"]
    first = [k for k in keys if "platform" in k["scopes"]]
    equal(len(first), 1, "platform keys")
    p.create("/v1/access-keys", {"name": "short", "scopes": ["platform"],
                                 "expires_at": "2099-01-01T00:00:00Z"})
    reply = p.call("DELETE", f"/v1/access-keys/{first[0]['id']}")
    problem(reply, 409, "conflict")


def test_half_open(p):
    """Half-open and trickling connections take nobody's place for good"""
    held = []
    for _ in range(50):
        s = socket.create_connection(("127.0.0.1", p.http))
        s.sendall(b"GET /v1/flows HTTP/1.1\r\nHos")
        held.append(s)
    equal(p.get("/healthz", key=None).status, 200, "others are served")
    for s in held:
        s.close()


if __name__ == "__main__":
    main(globals())
