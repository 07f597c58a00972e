# SPDX-License-Identifier: GPL-3.0-or-later
"""Races of calls with two parties, a server or verbs; mixed into Races."""
from .load import Load
from .tap import equal, wait_for

CONNECTS, FORKS, PATCHES = "+4521000003", "+4521000004", "+4521000005"
LEFT_S = 40  # a peer's last retransmission comes after 32 s


class TwoParties:
    """Of Races it uses p, rnd, rate, rest, far, settle()."""

    def _far_settled(self):
        wait_for(lambda: self.far.live() == 0, LEFT_S,
                 f"the end of every callee ({self.far.count})")
        equal(self.far.count["lost"], 0, "callees nobody spoke to")

    def answered_while_leaving(self, count):
        """The caller gives up about when the callee answers (20 ms)."""
        before = dict(self.far.count)
        load = Load(self.p.sip)
        load.on_answer = lambda call: call.bye()
        real = load.call

        def with_cancel(number, port=9):
            call = real(number, port)
            load.at(0.02 + self.rnd.uniform(-0.006, 0.01), call.cancel)
            return call
        load.call = with_cancel
        load.start(CONNECTS, self.rate, count)
        load.run(count / self.rate + 5,
                 lambda: sum(load.count.values()) == count)
        self.settle(load)
        self._far_settled()
        equal(load.count["failed"], 0, "calls without an answer")
        return f"{load.count['refused']} canceled, {load.count['ended']} " \
            f"answered; callees: {self._far_since(before)}"

    def _far_since(self, before):
        return {k: n - before[k] for k, n in self.far.count.items()
                if n > before[k]}

    def two_forks_answer(self, count):
        """Both callees send their 200 at the same moment."""
        before = dict(self.far.count)
        load = Load(self.p.sip)
        load.on_answer = lambda call: load.at(self.rnd.uniform(0, 0.02),
                                              call.bye)
        load.start(FORKS, self.rate, count)
        load.run(count / self.rate + 5,
                 lambda: sum(load.count.values()) == count)
        self.settle(load)
        self._far_settled()
        equal(load.count["ended"], count, "callers that were put through")
        return str(self._far_since(before))

    def both_of_a_bridge_leave(self, count):
        """Caller and callee send BYE at the same moment."""
        before = dict(self.far.count)
        self.far.on_up = lambda leg: self.far.at(
            self.rnd.uniform(0.02, 0.03), self.far.bye, leg)
        load = Load(self.p.sip)
        load.on_answer = lambda call: load.at(
            self.rnd.uniform(0.02, 0.03), call.bye)
        try:
            load.start(CONNECTS, self.rate, count)
            load.run(count / self.rate + 5,
                     lambda: sum(load.count.values()) == count)
            self.settle(load)
            self._far_settled()
        finally:
            self.far.on_up = None
        equal(load.count["ended"], count, "calls ended")
        return str(self._far_since(before))

    def redirect_in_connect(self, count):
        """A redirect comes while the callee is about to answer."""
        flow = {"actions": [{"type": "hangup"}]}

        def act(call, our_id):
            self.rest.go("POST", f"/v1/calls/{our_id}/redirect", flow)
        return self._while_running(CONNECTS, count, act)

    def hangup_in_patch(self, count):
        """A hangup, by REST or by the party, while a server is asked."""
        def act(call, our_id):
            if self.rnd.random() < 0.5:
                self.rest.go("POST", f"/v1/calls/{our_id}/hangup", {})
            else:
                call.bye()
        return self._while_running(PATCHES, count, act)

    def _while_running(self, number, count, act, size=20):
        """act(call, our id) on each a moment after it began."""
        before, done = self.statuses(), 0
        while done < count:
            load = Load(self.p.sip)
            load.on_answer = lambda call: load.at(0.2, call.bye)
            calls = [load.call(number) for _ in range(size)]
            load.run(0.005)
            ids = self._ids(number)
            for call in calls:
                if call.id in ids:
                    act(call, ids[call.id])
                    done += 1
                load.step(0.001)
            load.run(LEFT_S, lambda: load.live == 0)
            equal(load.live, 0, "calls left over")
            self.rest.wait()
            load.close()
        self.settle()
        self._far_settled()
        return self._since(before)

    def verbs_of_the_ended(self, count):
        """Every verb meets calls that end at that moment."""
        verbs = (("play", {"stream_urls": ["tone:440/100"]}),
                 ("stop_media", {}), ("dtmf", {"digits": "1"}),
                 ("mute", {}), ("unmute", {}), ("hold", {}), ("unhold", {}),
                 ("redirect", {"actions": [{"type": "hangup"}]}),
                 ("recordings", {}), ("talk", {"text": "x"}))

        def act(load, pairs):
            for call, our_id in pairs:
                load.at(self.rnd.uniform(0, 0.004), call.bye)
                for name, body in self.rnd.sample(verbs, 3):
                    self.rest.go("POST", f"/v1/calls/{our_id}/{name}", body)
                load.step(0.001)
        before = self.statuses()
        self._batches(count, act)
        return self._since(before)
