#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callers that are unusual, unlucky or unfriendly get the right answer."""
import socket
import time

from lib import sound
from lib.platform import Platform
from lib.sip import Caller, Message
from lib.tap import check, equal, main, wait_for

EARLY = [
    {"type": "play", "option": {"stream_urls": ["tone:425/5000"]}},
    {"type": "answer"},
    {"type": "play", "option": {"stream_urls": ["tone:850/3000"]}},
]
COLLECT = [
    {"type": "dtmf_receive", "option": {"length": 3}},
    {"type": "branch", "option": {"variable": "digits",
                                  "target_ids": {"42#": "no", "429": "yes"},
                                  "default_target_id": "no"}},
    {"id": "yes", "type": "echo"},
    {"id": "no", "type": "hangup", "option": {"reason": "failed"}},
]


def setup():
    p = Platform()
    # 127.0.0.2 stays a stranger: the demo's trunk is 127.0.0.1 alone
    p.flow("+4520000001", EARLY)
    p.flow("+4520000002", COLLECT)
    p.flow("+4520000003", [{"type": "answer"}, {"type": "echo"}])
    p.pid = p.janus_pid()
    return p


def teardown(p):
    if not p:
        return
    try:
        equal(p.janus_pid(), p.pid, "the process is the one that started")
        wait_for(lambda: p.metrics()["bifrons_calls_live"] == 0, 40,
                 "the end of every call")
    finally:
        p.close()


def caller_to(p, number, **kw):
    return Caller(p.sip, to=number, **kw)


def refused(p, sdp, code, number="+4520000003", extra=()):
    caller = caller_to(p, number)
    caller.invite(sdp, extra)
    answer = caller.wait_status()
    equal(answer.status, code, f"the answer to {sdp[:60]!r}")
    caller.take(answer)
    caller.request("ACK", branch=caller.branch,
                   uri=f"sip:{number}@127.0.0.1:{p.sip}")
    caller.close()
    return answer


def test_early_media(p):
    """play before answer is early media by 183; the same sound goes on"""
    caller = caller_to(p, "+4520000001")
    caller.invite()
    progress = caller.wait_status(183)
    caller.take(progress)
    samples = caller.hear(1.0)
    parts = sound.loud_parts(samples)
    check(parts and sound.power(samples[parts[0][0] * 8:parts[-1][1] * 8],
                                425) > 0.9, "425 Hz before the answer")
    ok = caller.wait_status(200)
    caller.ack()
    samples = caller.hear(1.0)
    check(sound.power(samples[-4000:], 850) > 0.9, "850 Hz after it")
    equal(ok.body.count("m=audio"), 1, "SDP in the 200")
    sequences = [s for _, s, _, kind, _ in caller.rtp.heard]
    jumps = sum(1 for a, b in zip(sequences, sequences[1:])
                if (b - a) & 0xFFFF != 1)
    equal(jumps, 0, "jumps in the sequence numbers")
    caller.respond(caller.wait_request("BYE"), 200)
    caller.close()


def test_info_digits(p):
    """Without telephone-event, digits by SIP INFO steer"""
    caller = caller_to(p, "+4520000002")
    caller.answer_of("".join(
        line.replace(" 0 101", " 0") + "\r\n"
        for line in caller.sdp().splitlines() if ":101 " not in line))
    for digit in "429":
        caller.cseq += 1
        body = f"Signal={digit}\r\nDuration=160\r\n"
        text = caller.request("INFO", "")
        check(text, "sent")
        equal(caller.wait_status(cseq=caller.cseq).status in (200, 415, 400),
              True, "INFO without a body")
        caller.cseq += 1
        caller.send_raw(text.replace(
            f"CSeq: {caller.cseq - 1}", f"CSeq: {caller.cseq}").replace(
            "branch=z9hG4bK", f"branch=z9hG4bKx{digit}").replace(
            "Content-Length: 0", "Content-Type: application/dtmf-relay\r\n"
            f"Content-Length: {len(body)}") + body)
        equal(caller.wait_status(cseq=caller.cseq).status, 200, "INFO")
    call_id = p.call_of(caller)["id"]

    def echoes():
        action = p.get(f"/v1/calls/{call_id}").json["action"]
        return action and action["id"] == "yes"
    wait_for(echoes, what="the echo that 429 leads to")
    caller.bye()
    caller.close()


def test_late_offer(p):
    """An INVITE without SDP: the 200 offers, the ACK answers"""
    caller = caller_to(p, "+4520000003")
    caller.invite("")
    ok = caller.wait_status()
    equal(ok.status, 200, "the answer")
    check("m=audio" in ok.body, "an offer in the 200")
    caller.take(ok)
    caller.request("ACK", caller.sdp())
    caller.rtp.voice = sound.tone_ulaw(700, 0.1)
    wait_for(lambda: sound.power(caller.hear(0.5)[-2000:], 700) > 0.9,
             what="its own voice")
    caller.bye()
    caller.close()


def test_hold(p):
    """re-INVITE with sendonly is answered recvonly, and back again"""
    caller = caller_to(p, "+4520000003")
    caller.answer_of()
    for theirs, ours in (("sendonly", "recvonly"), ("inactive", "inactive"),
                         ("sendrecv", None)):
        caller.cseq += 1
        caller.request("INVITE", caller.sdp() + f"a={theirs}\r\n")
        ok = caller.wait_status(cseq=caller.cseq)
        equal(ok.status, 200, f"re-INVITE {theirs}")
        if ours:
            check(f"a={ours}" in ok.body, f"{ours} in {ok.body}")
        caller.ack()
    caller.rtp.voice = sound.tone_ulaw(700, 0.1)
    wait_for(lambda: sound.power(caller.hear(0.5)[-2000:], 700) > 0.9,
             what="sound after the hold")
    caller.bye()
    caller.close()


def test_offers_refused(p):
    """No audio, no codec, broken SDP, wrong type: 488, 400, 415"""
    head = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
            "c=IN IP4 127.0.0.1\r\nt=0 0\r\n")
    refused(p, head + "m=video 4000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n",
            488)
    refused(p, head + "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 speex/8000\r\n",
            488)
    refused(p, "v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\n"
            "t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n", 488)
    refused(p, "this is no SDP", 400)
    refused(p, "v=0\r\n" * 2000, 400)
    caller = caller_to(p, "+4520000003")
    text = caller.request("INVITE", "<x/>", branch=caller.branch)
    equal(caller.wait_status().status, 400, "SDP that is XML")
    caller.close()
    caller = caller_to(p, "+4520000003")
    caller.send_raw(text.replace("application/sdp", "application/xml")
                    .replace("Call-ID: ", "Call-ID: x").replace(
                        "z9hG4bK", "z9hG4bKy"))
    equal(caller.wait_status().status, 415, "a body of another type")
    caller.close()


def test_contact_that_is_no_sip_uri(p):
    """A Contact to which no BYE could go is refused"""
    for contact in ("*", "<tel:123>", "<http://127.0.0.1/>"):
        caller = caller_to(p, "+4520000003")
        text = []
        caller.send_raw, send = text.append, caller.send_raw
        caller.invite()
        lines = [f"Contact: {contact}" if x.startswith("Contact:") else x
                 for x in text[0].split("\r\n")]
        send("\r\n".join(lines))
        equal(caller.wait_status().status, 400, f"Contact: {contact}")
        caller.close()


def test_many_mlines(p):
    """Audio beside video: video is refused with port 0, in its place"""
    caller = caller_to(p, "+4520000003")
    ok = caller.answer_of(caller.sdp().replace(
        "m=audio", "m=video 4000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
        "m=audio"))
    lines = [x for x in ok.body.splitlines() if x.startswith("m=")]
    check(lines[0].startswith("m=video 0 "), f"video refused in {lines}")
    check(lines[1].startswith("m=audio ") and " 0 RTP" not in lines[1],
          f"audio taken in {lines}")
    caller.bye()
    caller.close()


def test_strangers(p):
    """A source on no trunk: refused alike whatever it dials, no call, and
    silence once it overdoes it"""
    answers = set()
    for number in ("+4520000003", "+4599999999"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.2", 0))
            s.settimeout(10)
            port = s.getsockname()[1]
            s.sendto((
                f"INVITE sip:{number}@127.0.0.1:{p.sip} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 127.0.0.2:{port};branch=z9hG4bK1\r\n"
                "Max-Forwards: 70\r\nFrom: <sip:stranger@127.0.0.2>;tag=1\r\n"
                f"To: <sip:{number}@127.0.0.1>\r\nCall-ID: {port}@x\r\n"
                "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n").encode(),
                ("127.0.0.1", p.sip))
            reply = Message(s.recv(4096).decode())
            answers.add(reply.start)
    equal(len(answers), 1, f"one answer for all numbers: {answers}")
    check("403" in answers.pop(), "it is 403")
    equal(p.sql("SELECT count(*) FROM call WHERE source LIKE '%stranger%'"),
          [(0,)], "calls in the store")


def test_garbage(p):
    """Garbage over UDP and TCP harms nobody"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for data in (b"\0" * 1400, b"\r\n\r\n", b"INVITE", b"\xff" * 60000,
                     b"INVITE sip:x SIP/2.0\r\n\r\n",
                     b"SIP/2.0 200 OK\r\n\r\n",
                     b"INVITE sip:x@y SIP/2.0\r\nVia: " + b"a" * 30000):
            s.sendto(data, ("127.0.0.1", p.sip))
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 5000,
                 b"INVITE sip:x@y SIP/2.0\r\nContent-Length: 999999999\r\n"
                 b"\r\n"):
        with socket.create_connection(("127.0.0.1", p.sip)) as s:
            s.sendall(data)
            time.sleep(0.05)
    test_many_mlines(p)


def test_options(p):
    """OPTIONS from a trunk is answered with what we can do"""
    caller = caller_to(p, "anything")
    caller.request("OPTIONS")
    ok = caller.wait_status()
    equal(ok.status, 200, "the answer")
    check("INVITE" in ok.get("allow"), f"Allow: {ok.get('allow')}")
    caller.close()


def test_bye_before_media(p):
    """BYE right after the ACK ends the call cleanly"""
    caller = caller_to(p, "+4520000003")
    caller.answer_of()
    caller.bye()
    call = p.call_of(caller)
    wait_for(lambda: p.get(f"/v1/calls/{call['id']}").json["status"] ==
             "ended", what="the end")
    caller.close()


if __name__ == "__main__":
    main(globals())
