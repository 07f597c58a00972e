#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""See tests/races/run."""
import glob
import os
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

from lib.races import RACES, Races  # noqa: E402


def library(name):
    """The compiler's own copy of a sanitizer."""
    path = subprocess.run(
        [os.environ.get("CC", "gcc"), f"-print-file-name={name}"],
        stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return os.path.realpath(path)


def sanitized(reports):
    """What ./run needs to build and start with ASan and UBSan."""
    options = f"log_path={reports}:print_stacktrace=1:abort_on_error=1"
    return {
        "BIFRONS_BUILD_DIR": os.path.join(ROOT, "build", "races"),
        "BIFRONS_CONFIGURE": "--enable-sanitizer=asan --disable-tidy",
        "CFLAGS": "-g -O1",
        "BIFRONS_PRELOAD": f"{library('libasan.so')}:{library('libubsan.so')}",
        # leaks: Janus frees little at its end; unit tests look for ours
        "ASAN_OPTIONS": f"{options}:detect_leaks=0:"
                        "detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": f"{options}:halt_on_error=1",
        "G_SLICE": "always-malloc",
    }


def run(race, races, count):
    """-> what to print besides; raises when it failed"""
    begin = time.monotonic()
    text = race(races, count)
    return f"{text}; {time.monotonic() - begin:.0f} s"


def main():
    args = sys.argv[1:]
    plain = "--plain" in args
    args = [a for a in args if a != "--plain"]
    count = next((int(a) for a in args if a.isdigit()), 1000)
    wanted = [a for a in args if not a.isdigit()]
    chosen = [(label, race) for label, race in RACES
              if not wanted or any(w in race.__name__ for w in wanted)]
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="bifrons-races-") as folder:
        reports = os.path.join(folder, "report")
        env = {} if plain else sanitized(reports)
        print(f"1..{len(chosen) + 1}\n# {count} times each"
              f"{'' if plain else ', under ASan and UBSan'}", flush=True)
        subprocess.run([os.path.join(ROOT, "run"), "--build-only"],
                       env={**os.environ, **env}, check=True)
        races = Races(env)
        for n, (label, race) in enumerate(chosen, 1):
            try:
                said = run(race, races, count)
                passed += 1
                print(f"ok {n} - {label}\n# {said}", flush=True)
            except Exception:  # a race may fail in any way
                failed += 1
                print(f"not ok {n} - {label}")
                for line in traceback.format_exc().rstrip().splitlines():
                    print(f"# {line}")
                sys.stdout.flush()
        races.close()
        found = glob.glob(reports + ".*")
        n = len(chosen) + 1
        if found:
            failed += 1
            print(f"not ok {n} - no sanitizer says anything")
            for path in found[:3]:
                with open(path, encoding="utf-8", errors="replace") as f:
                    for line in f.read().splitlines()[:60]:
                        print(f"# {line}")
        else:
            passed += 1
            print(f"ok {n} - no sanitizer says anything")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
