#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""./run and its settings: where it listens, and what it will not start with."""
import os
import shutil
import socket

from lib.platform import Platform
from lib.tap import check, equal, main, wait_for


def listens(address, port):
    try:
        socket.create_connection((address, port), 5).close()
        return True
    except ConnectionRefusedError:
        return False


def test_bind(_):
    """BIFRONS_BIND: everything listens on that address alone"""
    p = Platform({"BIFRONS_BIND": "127.0.0.2"}, wait=False)
    try:
        wait_for(lambda: any("Bifrons is ready" in x for x in p.output),
                 120, what="ready")
        for name, port in (("REST", p.http), ("WebSocket", p.ws),
                           ("SIP", p.sip)):
            check(listens("127.0.0.2", port), f"{name} listens there")
            check(not listens("127.0.0.1", port), f"{name} elsewhere too")
    finally:
        p.close()


def test_key(_):
    """The first key is kept nowhere; without its key file a store is refused"""
    p = Platform()
    try:
        data = p.env["BIFRONS_DATA"]
        for folder, _, names in os.walk(data):
            for name in names:
                try:
                    with open(os.path.join(folder, name), "rb") as f:
                        text = f.read()
                except FileNotFoundError:
                    continue  # it lasted for a moment
                check(p.key.encode() not in text, f"{name} has the first key")
        equal(p.stop()[0], 0, "exit code")
        key = os.path.join(data, "secret.key")
        shutil.move(key, key + ".away")
        p.start(wait=False)
        wait_for(lambda: p.process.poll() is not None, 60, what="the end")
        wait_for(lambda: any("secret.key is missing" in x for x in p.output),
                 what="that it says why")
        equal(p.process.returncode, 1, "exit code")
        check(not os.path.exists(key), "no new key")
        shutil.move(key + ".away", key)
        p.start()
    finally:
        p.close()


if __name__ == "__main__":
    main(globals())
