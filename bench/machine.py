# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine and a process say of themselves, from /proc."""
import os

TICKS = os.sysconf("SC_CLK_TCK")


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def cpu_s(pid):
    """User and system seconds of all threads, those that ended too."""
    fields = read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def fine_cpu_s(pid):
    """The same to the nanosecond, of the threads there are now."""
    total = 0
    for tid in os.listdir(f"/proc/{pid}/task"):
        try:
            total += int(read(f"/proc/{pid}/task/{tid}/schedstat").split()[0])
        except OSError:
            continue
    return total / 1e9


def threads_cpu_s(pid):
    """-> {thread's name: seconds}; those with one name are added up."""
    out = {}
    for tid in os.listdir(f"/proc/{pid}/task"):
        base = f"/proc/{pid}/task/{tid}"
        try:
            name = read(base + "/comm").strip()
            out[name] = out.get(name, 0) + \
                int(read(base + "/schedstat").split()[0]) / 1e9
        except OSError:
            continue
    return out


def udp_lost(port):
    """Datagrams that found the socket of this port full."""
    for line in read("/proc/net/udp").splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rsplit(":", 1)[1], 16) == port:
            return int(fields[-1])
    return 0


def rss_mib(pid):
    for line in read(f"/proc/{pid}/status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def pin(pid, cores):
    """Every thread there is; new ones inherit."""
    for tid in os.listdir(f"/proc/{pid}/task"):
        try:
            os.sched_setaffinity(int(tid), cores)
        except OSError:
            continue


def prefer(pid, nice=-10):
    """Ahead of other sessions (autogroups) and processes. -> bool"""
    try:
        with open(f"/proc/{pid}/autogroup", "w", encoding="ascii") as f:
            f.write(str(nice))
    except FileNotFoundError:
        pass
    except OSError:
        return False
    try:
        # a thread that put itself before the others stays so
        own = os.getpriority(os.PRIO_PROCESS, pid)
        for tid in map(int, os.listdir(f"/proc/{pid}/task")):
            ahead = os.getpriority(os.PRIO_PROCESS, tid) - own \
                if tid != pid else 0
            os.setpriority(os.PRIO_PROCESS, tid, max(nice + ahead, -20))
    except OSError:
        return False
    return True


class Stolen:
    """What others took of the two cores between two moments."""

    def __init__(self):
        self.before = self._now()

    @staticmethod
    def _now():
        return [int(x) for x in read("/proc/stat").split("\n")[0].split()[1:9]]

    def share(self):
        """-> (steal, busy) as shares of all time"""
        delta = [b - a for a, b in zip(self.before, self._now())]
        total = sum(delta) or 1
        return delta[7] / total, 1 - (delta[3] + delta[4]) / total


def describe():
    model = "unknown"
    for line in read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    uname = os.uname()
    return {"cpu": model, "cores": os.cpu_count(),
            "kernel": f"{uname.sysname} {uname.release}",
            "load": read("/proc/loadavg").split()[0]}
