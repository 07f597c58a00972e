# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures against targets: rows, the table, JSON."""
import json
import os
import statistics


class Row:
    """One line of the table; must and aim as (operator, bound) or None."""

    def __init__(self, name, unit, must=None, aim=None, digits=3,
                 higher=False):
        self.name, self.unit, self.must, self.aim = name, unit, must, aim
        self.digits, self.higher = digits, higher
        self.values = []

    def add(self, value):
        if value is not None:
            self.values.append(value)

    def meets(self, bound):
        middle = statistics.median(self.values)
        return middle >= bound if self.higher else middle <= bound

    def verdict(self):
        if not self.values:
            return "not measured"
        if self.must is None:
            return ""
        if self.aim is not None and self.meets(self.aim):
            return "aim met"
        return "ok" if self.meets(self.must) else "MISS"

    def bound(self, value):
        if value is None:
            return ""
        return ("≥ " if self.higher else "≤ ") + f"{value:g}"

    def shown(self):
        if not self.values:
            return "-"
        show = [f"{v:.{self.digits}f}" for v in (
            min(self.values), statistics.median(self.values),
            max(self.values))]
        return show[1] if len(self.values) == 1 else " / ".join(show)

    def json(self):
        out = {"name": self.name, "unit": self.unit, "values": self.values,
               "must": self.must, "aim": self.aim, "verdict": self.verdict()}
        if self.values:
            out.update(min=min(self.values), max=max(self.values),
                       median=statistics.median(self.values))
        return out


class Table:
    def __init__(self):
        self.rows = {}

    def put(self, name, unit, value, **kw):
        row = self.rows.setdefault(name, None) or Row(name, unit, **kw)
        self.rows[name] = row
        row.add(value)

    def text(self):
        head = ("measure", "value", "unit", "must", "aim", "")
        lines = [head] + [
            (r.name, r.shown(), r.unit, r.bound(r.must), r.bound(r.aim),
             r.verdict()) for r in self.rows.values()]
        width = [max(len(line[i]) for line in lines) for i in range(6)]
        out = []
        for n, line in enumerate(lines):
            out.append("| " + " | ".join(
                c.ljust(w) for c, w in zip(line, width)) + " |")
            if n == 0:
                out.append("|" + "|".join("-" * (w + 2) for w in width) + "|")
        return "\n".join(out)

    def misses(self):
        return [r.name for r in self.rows.values() if r.verdict() == "MISS"]

    def save(self, folder, stamp, head, raw):
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"{stamp}.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump({**head, "rows": [r.json() for r in self.rows.values()],
                       "raw": raw}, f, indent=1)
        return path
