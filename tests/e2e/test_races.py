#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that happen at the same moment, 50 times each; make races does it
1,000 times under AddressSanitizer."""
from lib.races import RACES, Races
from lib.tap import main

COUNT = 50


def setup():
    return Races()


def teardown(races):
    if races:
        races.close()


def _test(label, race):
    def run(races):
        print(f"# {race(races, COUNT)}")
    run.__doc__ = label
    return run


for _n, (_label, _race) in enumerate(RACES):
    globals()[f"test_{_n}_{_race.__name__}"] = _test(_label, _race)

if __name__ == "__main__":
    main(globals())
