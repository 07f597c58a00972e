# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that happen at the same moment, many times over.

Each race is a function of a Races and a count. Afterwards nothing may be left
over: no call, no port, no descriptor, and every call's story must be whole.
"""
import http.client
import http.server
import json
import os
import queue
import random
import threading
import time

from .answerer import Answerer
from .load import Load
from .platform import Platform
from .races_bridge import CONNECTS, FORKS, LEFT_S, PATCHES, TwoParties
from .tap import check, equal, wait_for
from .web import Web

ECHO, HANGS_UP = "+4521000001", "+4521000002"
HANGUP_MS = 40
ALLOWED = ["127.0.0.1/32"]
ANSWER = {"type": "answer"}


class Guide(http.server.ThreadingHTTPServer):
    """Answers each patch a moment later: hang up."""
    request_queue_size = 256

    def __init__(self, rnd):
        super().__init__(("127.0.0.1", 0), GuideHandler)
        self.daemon_threads, self.rnd = True, rnd
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/next"

    def handle_error(self, request, client_address):
        pass


class GuideHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    ANSWER = b'{"actions":[{"type":"hangup"}],"variables":{"a":"b"}}'

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.server.rnd.uniform(0, 0.02))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.ANSWER)))
        self.send_header("Connection", "close")  # descriptors are counted
        self.end_headers()
        self.wfile.write(self.ANSWER)

    def log_message(self, *_):
        pass


class Rest:
    """Requests on threads of their own, each with a connection."""

    def __init__(self, platform, threads=4):
        self.p, self.todo = platform, queue.Queue()
        self.statuses, self.faults = {}, []
        self.conns, self.used = {}, {}  # by thread
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._work, daemon=True)
                        for _ in range(threads)]
        for t in self.threads:
            t.start()

    def go(self, method, path, body=None):
        self.todo.put((method, path, body))

    def wait(self):
        self.todo.join()

    def disconnect(self):
        """To be called when nothing is to do."""
        with self.lock:
            for conn in self.conns.values():
                conn.close()  # opens again when it is needed

    def close(self):
        for _ in self.threads:
            self.todo.put(None)
        for t in self.threads:
            t.join()
        self.disconnect()

    def _work(self):
        while (job := self.todo.get()) is not None:
            try:
                self._send(*job)
            except (OSError, http.client.HTTPException) as error:
                with self.lock:
                    self.faults.append((*job[:2], repr(error)))
                    self.conns.pop(threading.get_ident()).close()
            finally:
                self.todo.task_done()
        self.todo.task_done()

    def _connection(self):
        """Of this thread; a server closes what has been idle for long."""
        me, now = threading.get_ident(), time.monotonic()
        with self.lock:
            if me not in self.conns:
                self.conns[me] = http.client.HTTPConnection(
                    "127.0.0.1", self.p.http, timeout=20)
            if now - self.used.get(me, now) > 5:
                self.conns[me].close()
            self.used[me] = now
            return self.conns[me]

    def _send(self, method, path, body):
        conn = self._connection()
        conn.request(method, path,
                     json.dumps(body) if body is not None else None,
                     {"Authorization": f"Bearer {self.p.key}",
                      "Content-Type": "application/json"})
        reply = conn.getresponse()
        text = reply.read()
        with self.lock:
            self.statuses[reply.status] = \
                self.statuses.get(reply.status, 0) + 1
            if reply.status >= 500:
                self.faults.append((method, path, reply.status, text[:200]))


class Races(TwoParties):
    def __init__(self, env=None, rate=100):
        self.rate = rate
        self.rnd = random.Random(7)
        self.p = p = Platform(env={"BIFRONS_ALLOW_PRIVATE": "1",
                                   **(env or {})})
        self.pid = p.janus_pid()
        p.create("/v1/trunks", {"name": "races", "allowed_ips": ALLOWED})
        p.flow(ECHO, [ANSWER, {"type": "echo"}])
        p.flow(HANGS_UP, [
            ANSWER, {"type": "sleep", "option": {"duration_ms": HANGUP_MS}},
            {"type": "hangup"}])
        self.far = Answerer()
        self.web = Web()
        self.web.put("/patch", b"[]", "application/json",
                     how=self._patch,
                     headers={"Connection": "close"})
        p.flow(CONNECTS, [{"type": "connect", "option": {
            "destinations": [self.far.uri("d20-bob")]}}])
        p.flow(FORKS, [{"type": "connect", "option": {
            "destinations": [self.far.uri("a"), self.far.uri("b")]}}])
        p.flow(PATCHES, [ANSWER, {"type": "patch", "option": {
            "event_url": self.web.url("/patch"), "retries": 0}}])
        self.rest = Rest(p)
        self._warm_up()
        self.fds = self._lasting_fds()

    def close(self):
        self.rest.close()
        self.web.close()
        self.far.close()
        self.p.close()

    def _patch(self, conn, body):
        """About when the hangup comes, or long after it."""
        conn.pause(self.rnd.choice((0.3, self.rnd.uniform(0, 0.05))))
        conn.send(body)
        conn.end()

    def _warm_up(self):
        load = Load(self.p.sip)
        load.on_answer = lambda call: call.bye()
        load.start(ECHO, self.rate, 20)
        load.run(20, lambda: load.count["ended"] == 20)
        for _ in range(100):  # every thread, and each reader of the store
            self.rest.go("GET", "/v1/calls")
        self.rest.wait()
        load.close()
        self._none_left()

    def _lasting_fds(self):
        """Those of our own requests close a moment after we did."""
        self.rest.disconnect()
        least = self.p.descriptors()
        for _ in range(10):
            time.sleep(0.1)
            least &= self.p.descriptors()
        return least

    def _fds_settle(self):
        def grown():
            return self.p.descriptors() - self.fds
        self.rest.disconnect()
        try:
            wait_for(lambda: not grown(), LEFT_S)
        except AssertionError:
            raise AssertionError(f"descriptors left: {dict(grown())}") \
                from None

    def _none_left(self):
        def none():
            m = self.p.metrics()
            return m["bifrons_calls_live"] == 0 and \
                m["bifrons_media_legs"] == 0
        wait_for(none, LEFT_S, "the end of every call", every_s=0.2)

    # --- what must hold after every race ---------------------------------------

    def settle(self, load=None):
        if load:
            load.run(LEFT_S, lambda: load.live == 0)
            equal(load.live, 0, "calls that the caller still waits for")
            load.run(0.2)
            load.close()
        self.rest.wait()
        equal(self.p.janus_pid(), self.pid, "the process")
        faults, self.rest.faults = self.rest.faults, []
        check(not faults, f"REST: {faults[:5]}")
        self._none_left()
        self._fds_settle()
        wait_for(lambda: not self.p.sql(
            "SELECT 1 FROM call WHERE status <> 'ended'"), 20,
            "an end of each call in the store")
        broken = self.p.sql(
            "SELECT call_id, count(*), max(sequence),"
            " sum(type = 'call.created'), sum(type = 'call.ended')"
            " FROM event WHERE call_id IS NOT NULL AND call_id <> ''"
            " GROUP BY call_id HAVING count(*) <> max(sequence)"
            " OR sum(type = 'call.created') <> 1"
            " OR sum(type = 'call.ended') <> 1 LIMIT 5")
        check(not broken, f"calls whose events are not whole: {broken}")

    def statuses(self):
        return dict(self.rest.statuses)

    # --- races -------------------------------------------------------------------

    def cancel_while_answering(self, count):
        load = Load(self.p.sip)
        load.on_answer = lambda call: call.bye()
        real = load.call

        def with_cancel(number, port=9):
            call = real(number, port)
            delay = self.rnd.choice((0, 0, 0.001, 0.002, 0.004))
            if delay:
                load.at(delay, call.cancel)
            else:
                call.cancel()
            return call
        load.call = with_cancel
        load.start(ECHO, self.rate, count)
        load.run(count / self.rate + 5,
                 lambda: sum(load.count.values()) == count)
        self.settle(load)
        equal(load.count["failed"], 0, "calls without an answer")
        bad = {s: n for s, n in load.statuses.items() if s != 487}
        check(not bad, f"refusals that are not 487: {bad}")
        return f"{load.count['refused']} canceled, {load.count['ended']} " \
            "answered first"

    def both_hang_up(self, count):
        load, by_peer = Load(self.p.sip), []
        load.on_answer = lambda call: load.at(
            HANGUP_MS / 1000 + self.rnd.uniform(-0.004, 0.004), call.bye)
        load.on_end = lambda call: by_peer.append(call.by_peer)
        load.start(HANGS_UP, self.rate, count)
        load.run(count / self.rate + 5,
                 lambda: sum(load.count.values()) == count)
        self.settle(load)
        equal(load.count["ended"], count, "calls ended")
        return f"{sum(by_peer)} by the platform first"

    def bye_during_patch(self, count):
        """A server says hang up while the caller does."""
        number, guide = "+4521000011", Guide(random.Random(8))
        self.p.flow(number, [ANSWER, {"type": "patch", "option": {
            "event_url": guide.url()}}])
        load, by_peer = Load(self.p.sip), []
        load.on_answer = lambda call: load.at(self.rnd.uniform(0, 0.03),
                                              call.bye)
        load.on_end = lambda call: by_peer.append(call.by_peer)
        try:
            load.start(number, self.rate, count)
            load.run(count / self.rate + 10,
                     lambda: sum(load.count.values()) == count)
            self.settle(load)
        finally:
            guide.shutdown()
            guide.server_close()
        equal(load.count["ended"], count, "calls ended")
        return f"{sum(by_peer)} by the server first"

    def bye_before_ack(self, count):
        load = Load(self.p.sip)

        def answered(call):
            call.bye()
            call.auto_ack = True
            if self.rnd.random() < 0.5:
                call.ack()
        real = load.call

        def without_ack(number, port=9):
            call = real(number, port)
            call.auto_ack = False
            return call
        load.call = without_ack
        load.on_answer = answered
        load.start(ECHO, self.rate, count)
        load.run(count / self.rate + 5,
                 lambda: sum(load.count.values()) == count)
        self.settle(load)
        equal(load.count["ended"], count, "calls ended")
        return "half of them sent the ACK late"

    def _ids(self, number):
        """-> {SIP Call-ID: our id} of the calls that are up"""
        rows = self.p.get("/v1/calls?status=in_progress&page_size=100")
        if rows.status != 200:
            rows = self.p.get("/v1/calls?page_size=100")
        equal(rows.status, 200, "the list of calls")
        return {c["sip"]["call_id"]: c["id"] for c in rows.json["result"]
                if c["status"] != "ended" and c["sip"]}

    def _batches(self, count, act, size=40):
        """Calls that are up, `size` at a time, given to act(load, pairs)."""
        done = 0
        while done < count:
            n = min(size, count - done)
            load, up = Load(self.p.sip), []
            load.on_answer = up.append
            load.start(ECHO, max(self.rate, 100), n)
            load.run(LEFT_S, lambda: len(up) == n)
            equal(len(up), n, "calls that are up")
            ids = wait_for(lambda: self._all_ids(up), 10, "the calls' ids")
            act(load, [(call, ids[call.id]) for call in up])
            load.run(LEFT_S, lambda: load.live == 0)
            equal(load.live, 0, "calls left over")
            self.rest.wait()
            load.run(0.05)
            load.close()
            done += n
        self.settle()

    def _all_ids(self, up):
        ids = self._ids(ECHO)
        return ids if all(call.id in ids for call in up) else None

    def rest_hangup_and_bye(self, count):
        def act(load, pairs):
            for call, our_id in pairs:
                self.rest.go("POST", f"/v1/calls/{our_id}/hangup", {})
                load.at(self.rnd.uniform(0, 0.006), call.bye)
                load.step(0.001)
        before = self.statuses()
        self._batches(count, act)
        return self._since(before)

    def hangup_of_the_ended(self, count):
        def act(load, pairs):
            by_id = {id(call): our_id for call, our_id in pairs}
            load.on_end = lambda call: self.rest.go(
                "POST", f"/v1/calls/{by_id[id(call)]}/hangup", {})
            for call, _ in pairs:
                call.bye()
                load.step(0.001)
        before = self.statuses()
        self._batches(count, act)
        return self._since(before)

    def _since(self, before):
        return "REST: " + ", ".join(
            f"{n - before.get(status, 0)} x {status}"
            for status, n in sorted(self.statuses().items())
            if n > before.get(status, 0))

    def deleted_while_called(self, count):
        """A flow and its number come and go while they are called."""
        number, stop = "+4521000009", threading.Event()
        faults = []

        def churn():
            while not stop.is_set():
                try:
                    flow = self.p.create("/v1/flows", {
                        "name": "here and gone",
                        "actions": [ANSWER, {"type": "echo"}]})
                    made = self.p.create("/v1/numbers", {
                        "number": number, "flow_id": flow["id"]})
                    time.sleep(self.rnd.uniform(0, 0.03))
                    for path in (f"/v1/numbers/{made['id']}",
                                 f"/v1/flows/{flow['id']}"):
                        reply = self.p.call("DELETE", path)
                        check(reply.status in (200, 204), f"{path}: {reply}")
                except (AssertionError, OSError) as error:
                    faults.append(error)
                    return
        worker = threading.Thread(target=churn)
        load = Load(self.p.sip)
        load.on_answer = lambda call: load.at(self.rnd.uniform(0, 0.05),
                                              call.bye)
        worker.start()
        try:
            load.start(number, self.rate, count)
            load.run(count / self.rate + 10,
                     lambda: sum(load.count.values()) == count)
        finally:
            stop.set()
            worker.join()
        check(not faults, f"REST: {faults}")
        self.settle(load)
        equal(load.count["failed"], 0, "calls without an answer")
        check(set(load.statuses) <= {404}, f"refusals: {load.statuses}")
        return f"{load.count['ended']} answered, {load.count['refused']} " \
            "refused"

    def suspended_with_calls(self, count):
        """An account is suspended and comes back while it is called."""
        number, stop = "+4521000010", threading.Event()
        account = self.p.create("/v1/accounts", {"name": "in and out"})
        own = {"Bifrons-Account": account["id"]}
        self.p.create("/v1/trunks", {"name": "own", "allowed_ips": ALLOWED},
                      headers=own)
        flow = self.p.create("/v1/flows", {
            "name": "own", "actions": [ANSWER, {"type": "echo"}]},
            headers=own)
        self.p.create("/v1/numbers", {"number": number,
                                      "flow_id": flow["id"]}, headers=own)
        faults, turns = [], []

        def churn():
            while not stop.is_set():
                for status in ("suspended", "active"):
                    try:
                        reply = self.p.call(
                            "PATCH", f"/v1/accounts/{account['id']}",
                            {"status": status})
                        equal(reply.status, 200, "PATCH of the account")
                    except (AssertionError, OSError) as error:
                        faults.append(error)
                        return
                    turns.append(status)
                    time.sleep(self.rnd.uniform(0.02, 0.1))
        worker = threading.Thread(target=churn)
        load, by_peer = Load(self.p.sip), []
        load.on_answer = lambda call: load.at(self.rnd.uniform(0, 0.2),
                                              call.bye)
        load.on_end = lambda call: by_peer.append(call.by_peer)
        worker.start()
        try:
            load.start(number, self.rate, count)
            load.run(count / self.rate + 10,
                     lambda: sum(load.count.values()) == count)
        finally:
            stop.set()
            worker.join()
        check(not faults, f"REST: {faults}")
        self.settle(load)
        equal(load.count["failed"], 0, "calls without an answer")
        check(all(400 <= s < 500 for s in load.statuses),
              f"refusals: {load.statuses}")
        return f"{len(turns) // 2} times; {load.count['ended']} answered " \
            f"({sum(by_peer)} ended by us), {load.statuses} refused"


RACES = (
    ("CANCEL while we answer", Races.cancel_while_answering),
    ("both parties hang up at once", Races.both_hang_up),
    ("BYE before the ACK", Races.bye_before_ack),
    ("BYE while a server says hang up", Races.bye_during_patch),
    ("a hangup by REST races with the BYE", Races.rest_hangup_and_bye),
    ("a hangup of a call that just ended", Races.hangup_of_the_ended),
    ("the callee answers while the caller leaves",
     Races.answered_while_leaving),
    ("200 from two forks at once", Races.two_forks_answer),
    ("both of a bridge leave at once", Races.both_of_a_bridge_leave),
    ("redirect during connect", Races.redirect_in_connect),
    ("hangup during patch", Races.hangup_in_patch),
    ("verbs on calls that just ended", Races.verbs_of_the_ended),
    ("flow and number are deleted while called", Races.deleted_while_called),
    ("an account is suspended with calls up", Races.suspended_with_calls),
)
