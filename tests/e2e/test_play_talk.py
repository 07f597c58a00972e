#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a web server and speech are heard as a flow says, and what breaks
takes its branch."""
import os
import tempfile
import threading

from lib import callee, sound
from lib.phone import Phone
from lib.platform import Platform
from lib.sip import Caller
from lib.tap import check, equal, main, wait_for
from lib.web import Web, trickle, wait_for_event


def tone_wav(hz, seconds, rate):
    with tempfile.NamedTemporaryFile(suffix=".wav") as f:
        sound.write_tone_wav(f.name, hz, seconds, rate)
        return f.read()


def menu(web):
    return [
        {"id": "answer", "type": "answer"},
        {"id": "welcome", "type": "talk", "option": {
            "text": "Welcome to the test."}},
        {"id": "file", "type": "play", "option": {
            "stream_urls": [web.url("/tone.wav")]}},
        {"id": "digits", "type": "dtmf_receive", "option": {
            "length": 1, "prompt": {"text": "Please press a key now."}}},
        {"id": "echo", "type": "echo", "option": {"duration_ms": 1500}},
        {"id": "bye", "type": "hangup"},
    ]


def breaking(url):
    return [
        {"type": "answer"},
        {"id": "file", "type": "play", "option": {
            "stream_urls": ["tone:600/300", url]}, "error_id": "broke"},
        {"type": "hangup", "option": {"reason": "failed"}},
        {"id": "broke", "type": "play", "option": {
            "stream_urls": ["tone:1400/500"]}},
        {"type": "hangup"},
    ]


class World:
    def __init__(self):
        self.web = Web()
        self.platform = None
        try:
            self.platform = Platform({"BIFRONS_ALLOW_PRIVATE": "1"})
            self.prepare()
        except BaseException:
            self.close()
            raise

    def prepare(self):
        p, web = self.platform, self.web
        p.create("/v1/trunks", {"name": "phones",
                                "allowed_ips": ["127.0.0.1/32"]})
        web.put("/tone.wav", tone_wav(1000, 0.8, 44100), "audio/x-wav")
        web.put("/junk.wav", b"RIFF" + os.urandom(20000), "audio/x-wav")
        self.later = threading.Event()
        web.put("/long.wav", tone_wav(1000, 6, 16000), "audio/x-wav",
                how=wait_for_event(self.later, 16000 * 2 * 4))
        self.slow = trickle(4000, 0.2)
        web.put("/slow.wav", tone_wav(1000, 2, 8000), "audio/x-wav",
                how=self.slow)
        p.flow("+4520000001", menu(web))
        p.flow("+4520000002", breaking(web.url("/none.wav")))
        p.flow("+4520000003", breaking(web.url("/junk.wav")))
        p.flow("+4520000004", breaking("http://127.0.0.1:1/a.wav"))
        for number, name in (("+4520000005", "long"), ("+4520000006", "slow")):
            p.flow(number, [{"type": "answer"},
                            {"type": "play", "option": {
                                "stream_urls": [web.url(f"/{name}.wav")]}},
                            {"type": "hangup"}])

    def close(self):
        if self.platform:
            self.platform.close()
        self.web.close()


def setup():
    return World()


def teardown(world):
    if world:
        world.close()


def dial(p, number):
    caller = Caller(p.sip, to=number, user="+4530000001")
    caller.answer_of()
    return caller


def runs(p, call_id, action_id):
    def fetch():
        action = p.get(f"/v1/calls/{call_id}").json["action"]
        return action and action["id"] == action_id
    wait_for(fetch, 20, what=f"the action {action_id}")


def share(samples, begin, end, hz, rate):
    return sound.power(samples[begin * rate // 1000:end * rate // 1000], hz,
                       rate)


def tone_at(samples, hz, rate, step_ms=50):
    """(begin, end) in ms of the longest stretch that is this tone"""
    ms = len(samples) * 1000 // rate
    best = begin = None
    for at in range(0, ms - step_ms, step_ms):
        if share(samples, at, at + step_ms, hz, rate) > 0.9:
            begin = at if begin is None else begin
            if best is None or at + step_ms - begin > best[1] - best[0]:
                best = (begin, at + step_ms)
        else:
            begin = None
    check(best, f"there is no {hz} Hz in {ms} ms")
    return best


def tone_in_all(samples, hz, rate, step_ms=50):
    """(how much of it in ms, from the first to the last of it)"""
    ms = len(samples) * 1000 // rate
    at = [i for i in range(0, ms - step_ms, step_ms)
          if share(samples, i, i + step_ms, hz, rate) > 0.9]
    check(at, f"there is no {hz} Hz in {ms} ms")
    return len(at) * step_ms, at[-1] + step_ms - at[0]


def prompt_is_heard(samples, rate):
    """Behind the file: more than is_spoken() wants"""
    _, end = tone_at(samples, 1000, rate)
    loud = sound.loud_parts(samples[end * rate // 1000:], rate)
    return sum(b - a for a, b in loud) > 600


def is_spoken(samples, begin, end, rate, what):
    cut = samples[begin * rate // 1000:end * rate // 1000]
    loud = sum(b - a for a, b in sound.loud_parts(cut, rate))
    check(loud > 400, f"{what}: only {loud} ms are loud")
    for hz in (440, 600, 1000, 1400):
        check(sound.power(cut, hz, rate) < 0.5, f"{what} is {hz} Hz")


def judge(samples, rate, echo_hz):
    """Speech, the file, speech, the echo; nothing else"""
    begin, end = tone_at(samples, 1000, rate)
    check(600 <= end - begin <= 950, f"the file lasts {end - begin} ms")
    is_spoken(samples, 0, begin, rate, "the welcome")
    echo, over = tone_at(samples[end * rate // 1000:], echo_hz, rate)
    check(over - echo > 700, f"the echo lasts {over - echo} ms")
    is_spoken(samples, end, end + echo, rate, "the prompt")


def test_menu_in_pcmu(world):
    """talk, a file, a prompt, an echo: PCMU"""
    p = world.platform
    caller = dial(p, "+4520000001")
    call_id = p.call_of(caller)["id"]
    runs(p, call_id, "digits")
    wait_for(lambda: prompt_is_heard(caller.rtp.samples(), 8000), 20,
             "the prompt", every_s=0.2)
    caller.rtp.voice = sound.tone_ulaw(700, 0.1)
    caller.rtp.press("5")
    caller.respond(caller.wait_request("BYE", 20), 200)
    judge(caller.rtp.samples(), 8000, 700)
    call = callee.ended(p, call_id)
    equal(call["variables"]["digits"], "5", "the digit during the prompt")
    caller.close()


def test_menu_in_opus(world):
    """talk, a file, a prompt, an echo: Opus, by a softphone's recording"""
    p = world.platform
    phone = Phone(voice_hz=700, codec="opus/48000/2")
    try:
        phone.dial(f"sip:+4520000001@127.0.0.1:{p.sip}")

        def live():
            calls = p.get("/v1/calls?page_size=1&status=answered").json
            return calls["result"] and calls["result"][0]["id"]
        call_id = wait_for(live, what="the call's record")
        runs(p, call_id, "digits")
        wait_for(lambda: prompt_is_heard(*phone.heard_so_far()), 20,
                 "the prompt", every_s=0.3)
        phone.press("5")
        phone.wait_event("CALL_CLOSED", 20)
        samples, rate = phone.heard()
    finally:
        phone.close()
    judge(samples, rate, 700)


def breaks(world, number, code):
    p = world.platform
    caller = dial(p, number)
    caller.respond(caller.wait_request("BYE", 30), 200)
    samples = caller.rtp.samples()
    first = tone_at(samples, 600, 8000)
    second = tone_at(samples, 1400, 8000)
    check(first[1] <= second[0], "what came before is heard first")
    call_id = p.call_of(caller)["id"]
    errors = wait_for(lambda: [e["data"] for e in p.events(call_id)
                               if e["type"] == "flow.error"],
                      what="flow.error")
    equal([e["code"] for e in errors], [code], "flow.error")
    caller.close()
    return errors[0]["detail"]


def test_dead_urls(world):
    """A missing file, junk, a closed port: each takes error_id"""
    detail = breaks(world, "+4520000002", "http_status")
    equal(detail, world.web.url("/none.wav") + ": status 404", "detail")
    breaks(world, "+4520000003", "undecodable")
    breaks(world, "+4520000004", "unreachable")


def test_a_long_file_before_it_has_come(world):
    """It is heard while the server keeps a third of it back"""
    p = world.platform
    caller = dial(p, "+4520000005")
    samples = wait_for(lambda: len(caller.rtp.heard) > 75 and
                       caller.rtp.samples(), 20, "1.5 s of sound")
    tone_at(samples, 1000, 8000)
    world.later.set()
    caller.respond(caller.wait_request("BYE", 20), 200)
    heard, _ = tone_in_all(caller.rtp.samples(), 1000, 8000)
    check(heard > 5700, f"all of it is heard: {heard} ms")
    caller.close()


def test_a_slow_server(world):
    """A server that is a little faster than the sound: no stutter"""
    caller = dial(world.platform, "+4520000006")
    caller.respond(caller.wait_request("BYE", 20), 200)
    # but for a gap where the server was late itself
    heard, took = tone_in_all(caller.rtp.samples(), 1000, 8000)
    most = 2250 + 1000 * world.slow.late_s
    check(heard > 1700 and took < most,
          f"it is in one piece: {heard} ms within {took} of {most:.0f} ms")
    caller.close()


def test_the_cache_is_used(world):
    """The file was fetched once, then asked for by its ETag at most"""
    asked = world.web.asked("/tone.wav")
    whole = [r for r in asked if r.status == 200]
    # once for each rate
    check(len(whole) <= 2, f"{len(whole)} whole answers of {len(asked)}")


if __name__ == "__main__":
    main(globals())
