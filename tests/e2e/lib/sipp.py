# SPDX-License-Identifier: GPL-3.0-or-later
"""SIPp with one of the scenarios in tests/e2e/sipp."""
import csv
import os
import subprocess
import tempfile

from .platform import free_port

HERE = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "sipp")


def run(scenario, port, service, calls, rate, transport="u1", extra=(),
        timeout_s=90):
    """-> {"successful", "failed", "retransmissions", "code", "output"}"""
    with tempfile.TemporaryDirectory(prefix="bifrons-sipp-") as temp:
        stat = os.path.join(temp, "stat.csv")
        errors = os.path.join(temp, "errors.log")
        done = subprocess.run(
            ["sipp", f"127.0.0.1:{port}", "-sf",
             os.path.join(HERE, scenario + ".xml"), "-s", service,
             "-m", str(calls), "-r", str(rate), "-t", transport,
             "-i", "127.0.0.1", "-p", str(free_port()),
             "-mp", str(free_port(span=4)), "-nostdin",
             "-timeout", str(timeout_s), "-trace_stat", "-stf", stat,
             "-fd", "1", "-trace_err", "-error_file", errors, *extra],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
            cwd=temp, timeout=timeout_s + 30, check=False)
        with open(stat, encoding="utf-8", newline="") as f:
            last = list(csv.DictReader(f, delimiter=";"))[-1]
        try:
            with open(errors, encoding="utf-8", errors="replace") as f:
                problems = f.read()[-3000:]
        except OSError:
            problems = ""
    return {"successful": int(last["SuccessfulCall(C)"]),
            "failed": int(last["FailedCall(C)"]),
            "retransmissions": int(last["Retransmissions(C)"]),
            "code": done.returncode, "output": problems}
