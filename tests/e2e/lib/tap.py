# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the test_* functions of a file and print TAP.

A test file ends with tap.main(globals()). Its setup() may return a context
that each test takes as its only argument; teardown(context) is always called.
"""
import signal
import sys
import time
import traceback


def check(condition, message):
    """Fail the test with a message a person can act on."""
    if not condition:
        raise AssertionError(message)


def equal(got, wanted, what):
    check(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


def wait_for(fetch, timeout_s=10.0, what="the condition", every_s=0.05):
    """Poll until fetch() gives something true; give it back."""
    end = time.monotonic() + timeout_s
    while True:
        value = fetch()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {timeout_s} s")
        time.sleep(every_s)


def _run_one(number, name, function, context):
    begin = time.monotonic()
    try:
        function(context)
    except Exception:  # a test may fail in any way
        print(f"not ok {number} - {name}")
        for line in traceback.format_exc().rstrip().splitlines():
            print(f"# {line}")
        sys.stdout.flush()
        return False
    print(f"ok {number} - {name} # {time.monotonic() - begin:.1f} s")
    sys.stdout.flush()
    return True


def main(module, summary=False):
    tests = [(n, f) for n, f in module.items()
             if n.startswith("test_") and callable(f)]
    wanted = sys.argv[1:]
    if wanted:
        tests = [(n, f) for n, f in tests if any(w in n for w in wanted)]
    print(f"1..{len(tests)}")
    sys.stdout.flush()
    # told to end (it took too long), it leaves nobody behind either
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    passed, good = True, 0
    context = None
    try:
        if "setup" in module:
            context = module["setup"]()
        for number, (name, function) in enumerate(tests, 1):
            label = (function.__doc__ or name).strip().splitlines()[0]
            ok = _run_one(number, label, function, context)
            good += ok
            passed &= ok
    except Exception:
        for line in traceback.format_exc().rstrip().splitlines():
            print(f"# {line}")
        print("Bail out! setup failed")
        passed = False
    finally:
        if "teardown" in module:
            try:
                module["teardown"](context)
            except Exception:
                for line in traceback.format_exc().rstrip().splitlines():
                    print(f"# teardown: {line}")
                passed = False
    if summary:
        bad = max(len(tests) - good, not passed)
        print(f"{good} passed, {bad} failed, 0 skipped")
    sys.exit(0 if passed else 1)
