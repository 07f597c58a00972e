# SPDX-License-Identifier: GPL-3.0-or-later
"""Many browsers at once, beside Janus's own EchoTest in the same Janus."""
import glob
import os
import re
import shutil
import signal
import subprocess

from lib.browser import Browser, install
from lib.tap import wait_for

FLOW = "crowd"


class Missing(Exception):
    """What keeps us from having browsers, in words."""


def require():
    """The programs and packages, or Missing."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise Missing(f"{program} is not installed "
                          "(apt-get install nodejs npm)")
    try:
        install()
    except subprocess.CalledProcessError as error:
        raise Missing("npm could not fetch libwebrtc "
                      f"(exit code {error.returncode})") from None


def load_echotest(platform):
    """Start the platform's Janus again, with EchoTest too. -> its new pid"""
    janus = shutil.which("janus")
    stock = [path for pattern in ("*/janus", "janus") for path in glob.glob(
        os.path.join(os.path.dirname(janus or "/"), "..", "lib", pattern,
                     "plugins", "libjanus_echotest.so"))]
    if not stock:
        raise Missing("Janus's libjanus_echotest.so is not installed")
    path = os.path.join(platform.env["BIFRONS_DATA"], "conf", "janus.jcfg")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    ours = re.search(r'plugins_folder = "(.*)"', text).group(1)
    both = os.path.join(platform.dir, "plugins")
    os.mkdir(both)
    for so in glob.glob(os.path.join(ours, "*.so")) + stock[:1]:
        os.symlink(os.path.realpath(so),
                   os.path.join(both, os.path.basename(so)))
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(f'"{ours}"', f'"{both}"'))
    # ./run starts a Janus that ended again, by the same files
    os.kill(platform.janus_pid(), signal.SIGTERM)
    wait_for(lambda: any("Ready again" in x for x in platform.output), 60,
             "a Janus with EchoTest", every_s=0.2)
    return platform.janus_pid()


def prepare(platform):
    """A flow that echoes, and an extension. -> its device token"""
    platform.flow(FLOW, [
        {"type": "answer"},
        {"type": "echo", "option": {"duration_ms": 3600000}}], name=FLOW)
    domain = platform.create("/v1/domains", {"name": "crowd.test"})
    extension = platform.create("/v1/extensions",
                                {"domain_id": domain["id"],
                                 "extension": "1001", "name": "Crowd"})
    reply = platform.post(f"/v1/extensions/{extension['id']}/device-token",
                          {"expires_s": 86400})
    if reply.status != 200:
        raise AssertionError(f"a device token: {reply}")
    return reply.json["token"]


class Crowd(Browser):
    """n browsers in one process, each with a session of its own."""

    script = "crowd.js"

    def flow(self, n, token, video=False):
        """Call the flow. -> the calls' ids"""
        return self.ask("call", n=n, token=token, destination=FLOW,
                        video=video)["calls"]

    def echotest(self, n, video=False):
        self.ask("call", n=n, video=video)

    def talk(self):
        """Until each hears itself; from then on none listens."""
        self.ask("talk")

    def count(self):
        """-> {sent, received, frames} so far, of all"""
        return self.ask("count")
