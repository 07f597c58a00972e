#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phone page in Chromium: against a Janus of the test's own, then
against the platform. The scenarios are in web/e2e."""
import os
import subprocess

from lib.platform import ROOT, Platform
from lib.tap import check, main, wait_for

WEB = os.path.join(ROOT, "web")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def setup():
    check(os.path.exists(CHROMIUM), f"{CHROMIUM} is not there: "
          "apt-get install chromium")
    subprocess.run([os.path.join(ROOT, "tools/check-web"), "--install-only"],
                   check=True, stdout=subprocess.DEVNULL)
    return Platform()


def teardown(p):
    if p:
        p.close()


def phone_link(p):
    """The address that ./run printed for a person to open."""
    def printed():
        for line in p.output:
            if "/phone#token=" in line:
                return line.strip()
        return None
    return wait_for(printed, what="the link to the phone page")


def scenarios(kind, *names, p=None):
    env = dict(os.environ)
    if p:
        env.update({"BIFRONS_URL": f"http://127.0.0.1:{p.http}",
                    "BIFRONS_KEY": p.key,
                    "BIFRONS_PHONE_LINK": phone_link(p)})
    try:
        done = subprocess.run(
            ["node", "e2e/run.mjs", kind, *names], cwd=WEB, env=env,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=90 * len(names), check=False)
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
        raise AssertionError(f"not done in time:\n{said}") from None
    for line in done.stdout.splitlines():
        if line.startswith("# "):
            print(line)
    check(done.returncode == 0, done.stdout)


def test_sign_in(_):
    """fake Janus: the token leaves the address, a wrong one is told"""
    scenarios("fake", "sign_in", "token_expired", "unreachable")


def test_call(_):
    """fake Janus: tone, digit, own voice and picture, mute, camera"""
    scenarios("fake", "call")


def test_keyboard(_):
    """fake Janus: everything without a mouse; 360 pixels wide and dark"""
    scenarios("fake", "keyboard", "narrow")


def test_incoming(_):
    """fake Janus: calls come in, are declined, taken, and wait"""
    scenarios("fake", "incoming")


def test_errors(_):
    """fake Janus: errors in words, the microphone refused"""
    scenarios("fake", "errors", "mic_denied")


def test_reconnect(_):
    """fake Janus: a cut connection comes back and the call goes on"""
    scenarios("fake", "reconnect")


def test_demo(p):
    """the demo: tones, then own voice and picture; no violation for axe"""
    scenarios("platform", "demo", p=p)


def test_rest(p):
    """REST shows and ends a browser's call; camera on later; unknown number"""
    scenarios("platform", "rest_ends", "camera_later", "unknown_number", p=p)


def test_called(p):
    """REST calls the page: it answers, is seen, holds; then it declines"""
    scenarios("platform", "called", p=p)


def test_gone(p):
    """a tab that is closed, reloaded or crashed ends its call within 10 s"""
    scenarios("platform", "tab_closed", "reload", "page_crashed", p=p)


def test_cut(p):
    """a cut WebSocket comes back, and the call goes on"""
    scenarios("platform", "socket_cut", p=p)


if __name__ == "__main__":
    main(globals())
