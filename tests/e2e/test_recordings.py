#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was said is in the file: voicemail, both sides of a bridge, a crash."""
import os
import shutil
import subprocess
import time

from lib import callee, sound
from lib.callee import Callee
from lib.platform import Platform
from lib.sip import Caller
from lib.tap import check, equal, main, wait_for

VOICE, REPLY = sound.tone_ulaw(1000, 1), sound.tone_ulaw(700, 1)
numbers = iter(range(4521300001, 4521309999))


def setup():
    p = Platform()
    p.create("/v1/trunks", {"name": "phones", "allowed_ips": ["127.0.0.1/32"]})
    return p


def teardown(p):
    if p:
        p.close()


def call(p, actions, voice=VOICE):
    """A caller who is up. -> (caller, id)"""
    number = f"+{next(numbers)}"
    p.flow(number, actions)
    alice = Caller(p.sip, to=number)
    alice.rtp.voice = voice
    alice.answer_of()
    return alice, p.call_of(alice)["id"]


def finished(p, recording_id):
    def get():
        r = p.get(f"/v1/recordings/{recording_id}").json
        return r if r["status"] in ("finished", "failed") else None
    return wait_for(get, what="the end of the recording")


def sides(p, recording_id, name):
    """The file as ffmpeg reads it: [samples of each channel], rate 8000"""
    reply = p.get(f"/v1/recordings/{recording_id}/media")
    equal(reply.status, 200, f"the file ({reply})")
    path = os.path.join(p.dir, name)
    with open(path, "wb") as f:
        f.write(reply.raw)
    return decode(path), reply


def decode(path):
    out = path + ".raw"
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=channels",
         "-of", "csv=p=0", path], check=True, capture_output=True, text=True)
    channels = int(probe.stdout.strip().rstrip(","))
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", path, "-f", "s16le",
                    "-ar", "8000", out], check=True)
    with open(out, "rb") as f:
        raw = f.read()
    all_of = [int.from_bytes(raw[i:i + 2], "little", signed=True)
              for i in range(0, len(raw) - 1, 2)]
    return [all_of[n::channels] for n in range(channels)]


def hears(party, hz, who):
    """Soon, and then for a while."""
    wait_for(lambda: sound.power(party.hear(0.4)[800:], hz) > 0.8, 20,
             f"{who}: {hz} Hz")


def is_tone(samples, hz, what):
    """But for what a party or a tick that halts leaves out or bends."""
    frames = [samples[i:i + 160] for i in range(800, len(samples) - 800, 160)]
    loud = [f for f in frames if sound.rms(f) > 200]
    pure = sum(sound.power(f, hz) > 0.8 for f in loud)
    check(pure > 20 and pure > 0.7 * len(loud), f"{what} is {hz} Hz in {pure} "
          f"frames, sounds in {len(loud)} of {len(frames)}")


def test_voicemail(p):
    """record ends by a key; the file can be fetched, in part too, by link"""
    begin = time.monotonic()
    alice, call_id = call(p, [
        {"type": "answer"},
        {"type": "record", "option": {"beep_start": False,
                                      "end_of_silence_s": 0}},
        {"type": "sleep", "option": {"duration_ms": 60000}}])
    try:
        alice.talk(2.5)
        alice.rtp.press("#")

        def values_at_the_end():
            values = p.get(f"/v1/calls/{call_id}").json["variables"]
            return values if "recording.reason" in values else None
        values = wait_for(values_at_the_end, what="the end")
        most = 1000 * (time.monotonic() - begin)
        got = values["recording.id"]
        equal(values["recording.reason"], "key", "recording.reason")
        alice.bye()
    finally:
        alice.close()
    done = finished(p, got)
    equal((done["status"], done["call_id"], done["format"]),
          ("finished", call_id, "wav"), "the record")
    check(1000 < done["duration_ms"] < most + 500,
          f"{done['duration_ms']} ms of {most:.0f}")
    (mono, _), reply = sides(p, got, "v.wav")
    is_tone(mono, 1000, "what was recorded")
    equal(len(reply.raw), done["size_bytes"], "size_bytes")
    part = p.get(f"/v1/recordings/{got}/media",
                 headers={"Range": "bytes=0-3"})
    equal((part.status, part.raw), (206, b"RIFF"), "a part")
    equal(p.get(f"/v1/recordings/{got}/media", key=False).status, 401,
          "without a key")
    link = p.post(f"/v1/recordings/{got}/link", {"expires_s": 60}).json["url"]
    path = "/" + link.split("/", 3)[3] if "://" in link else link
    equal(p.get(path, key=False).raw, reply.raw, "by its link")
    bad = path[:-1] + ("A" if path[-1] != "A" else "B")
    check(p.get(bad, key=False).status in (401, 403), "a forged link")
    figures = p.metrics()
    equal([figures[f"bifrons_recordings_{name}"] for name in (
        "running", "started_total", "finished_total", "failed_total",
        "bytes_total")], [0, 1, 1, 0, done["size_bytes"]], "figures")
    kinds = [e["type"] for e in p.events(call_id)]
    check("recording.started" in kinds and "recording.finished" in kinds,
          f"its events: {kinds}")
    equal(p.call("DELETE", f"/v1/recordings/{got}").status, 204, "DELETE")
    equal(p.get(f"/v1/recordings/{got}/media").status, 404, "gone")


def test_what_was_said_is_played_back(p):
    """record, and play of it with the very next action"""
    alice, call_id = call(p, [
        {"type": "answer"},
        {"type": "record", "option": {"beep_start": False,
                                      "end_of_silence_s": 0}},
        {"type": "play", "option": {
            "stream_urls": ["recording:${recording.id}"], "loop": 0}}])
    try:
        alice.talk(1.5)
        alice.rtp.press("#")
        hears(alice, 1000, "her own voice")
        alice.bye()
    finally:
        alice.close()
    finished(p, p.get(f"/v1/calls/{call_id}").json["recording_ids"][0])


def test_ends(p):
    """Silence, duration and hangup end it, and say so"""
    quiet = b"\xff" * 8000
    for option, voice, reason in (
            ({"end_of_silence_s": 1}, quiet, "silence"),
            ({"max_duration_s": 1, "end_of_silence_s": 0}, VOICE,
             "duration")):
        alice, call_id = call(p, [
            {"type": "answer"},
            {"type": "record", "option": {"beep_start": False, **option}},
            {"type": "sleep", "option": {"duration_ms": 60000}}], voice)
        try:
            got = wait_for(lambda c=call_id: p.get(f"/v1/calls/{c}").json[
                "variables"].get("recording.reason"), what="the reason")
            equal(got, reason, f"{option}")
            alice.bye()
        finally:
            alice.close()


def test_both_sides(p):
    """Both of a bridge, one a side, in each format, while it is relayed"""
    for form in ("wav", "ogg", "mp3"):
        bob = Callee(voice=REPLY)
        alice, call_id = call(p, [{"type": "connect", "option": {
            "destinations": [bob.uri()]}}])
        try:
            hears(alice, 700, "the caller")
            made = p.post(f"/v1/calls/{call_id}/recordings",
                          {"format": form, "channels": "stereo"})
            equal(made.status, 201, f"recordings ({made})")
            heard = alice.hear(2.5)
            is_tone(heard, 700, "the caller meanwhile")
            equal(p.metrics()["bifrons_recordings_running"], 1, "running")
            numbers_ = [r[1] for r in alice.rtp.heard]
            steps = {(b - a) & 0xFFFF for a, b in zip(numbers_, numbers_[1:])}
            equal(steps, {1}, "sequence numbers")
            alice.bye()
            done = finished(p, made.json["id"])
            equal(done["status"], "finished", f"{done}")
            (left, right), _ = sides(p, made.json["id"], f"b.{form}")
            is_tone(left, 1000, f"{form}: the caller's side")
            is_tone(right, 700, f"{form}: what it heard")
        finally:
            alice.close()
            bob.close()


def test_pause(p):
    """Pause and resume leave the time out"""
    alice, call_id = call(p, [{"type": "answer"}, {"type": "echo"}])
    try:
        times = [time.monotonic()]
        made = p.post(f"/v1/calls/{call_id}/recordings", {}).json
        path = f"/v1/recordings/{made['id']}"
        alice.talk(0.6)
        equal(p.call("PATCH", path, {"status": "paused"}).status, 200,
              "pause")
        times.append(time.monotonic())
        alice.talk(1.5)
        times.append(time.monotonic())
        equal(p.call("PATCH", path, {"status": "recording"}).status, 200,
              "resume")
        alice.talk(0.6)
        equal(p.call("PATCH", path, {"status": "finished"}).status, 200,
              "finish")
        times.append(time.monotonic())
        done = finished(p, made["id"])
        most = 1000 * (times[1] - times[0] + times[3] - times[2]) + 500
        check(800 < done["duration_ms"] < most,
              f"{done['duration_ms']} ms of {most:.0f}")
        equal(p.call("PATCH", path, {"status": "paused"}).status, 409, "over")
        alice.bye()
    finally:
        alice.close()
    callee.ended(p, call_id)
    equal(p.call("DELETE", f"/v1/calls/{call_id}").status, 204, "erase")
    equal(p.get(path).status, 404, "the recording went with its call")


def test_crash(p):
    """kill -9: the file is there up to the last second, and says so"""
    for form in ("wav", "ogg", "mp3"):
        alice, call_id = call(p, [
            {"type": "answer"},
            {"type": "recording_start", "option": {"format": form}},
            {"type": "echo"}])
        try:
            made = wait_for(lambda c=call_id: p.get(f"/v1/calls/{c}").json[
                "recording_ids"], what="the recording")[0]
            alice.talk(4)
            p.crash()
        finally:
            alice.close()
        done = finished(p, made)
        equal(done["status"], "finished", f"{done}")
        check(done["duration_ms"] >= 2500, f"{done['duration_ms']} ms")
        found, _ = sides(p, made, f"c.{form}")
        check(len(found[0]) >= 20000, f"{form}: {len(found[0])} samples")
        is_tone(found[0], 1000, form)


if __name__ == "__main__":
    if not shutil.which("ffmpeg"):
        raise SystemExit("ffmpeg is missing")
    main(globals())
