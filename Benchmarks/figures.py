#!/usr/bin/env python3
"""The figures of the virtual machine beside their goals and gates; fails if a gate is missed.

    Benchmarks/figures.py PATH-OF-prost-asm

What takes longer has commands of its own: the kernels Scripts/bench.sh, metering and undo costs.py,
prices Prices/prices.py, Prices/instructions.py, Prices/search.py and `prost-asm measure --host-calls`.
"""

import json
import subprocess
import sys

# Key of `prost-asm measure --json`, what it is, factor, unit, goal, gate; and what of it is no cost.
FIGURES = [
    ("entry", "host calls an empty function", 1, "ns", 20, 30),
    ("guest_call", "guest calls a function", 1, "ns", 6, 9),
    ("host_call", "guest calls the host", 1, "ns", 9, 15),
    ("deliver", "empty deliver, mailbox to settled report", 1e-3, "us", 1, 2),
    ("instance", "new instance, no memory", 1e-3, "us", 1.5, 3),
    ("instance_bytes", "the same", 1e-3, "KB", 1, 2),
    ("instance_64k_touched", "new instance, 64 KiB touched once", 1e-3, "us", 5, 10),
    ("instance_64k_touched_bytes", "the same, over the 15 pages touched", 1e-3, "KB", 6, 12),
    ("translate_byte", "verify and translate, a byte of code", 1, "ns", 60, 100),
    ("translate_doubled", "the same, of twice as much code", 1, "times", 1.1, 1.2),
]
FREE = {"instance_64k_touched_bytes": 15 * 4096}


def main():
    command = [sys.argv[1], "measure", "--rounds", "31", "--json"]
    report = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    if not report["handlers_jump"]:
        sys.exit("this build calls its handlers in a loop: build as Scripts/flags.sh says")
    missed = []
    print("| figure | goal | gate | measured |\n|---|---|---|---|")
    for key, name, factor, unit, goal, gate in FIGURES:
        value = (report[key] - FREE.get(key, 0)) * factor
        print(f"| {name} | {goal} {unit} | {gate} {unit} | {value:.2f} {unit} |")
        if value > gate:
            missed.append(name)
    sys.exit("missed: " + ", ".join(missed) if missed else 0)


if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
    print(__doc__)
    sys.exit(0 if len(sys.argv) == 2 else 64)
main()
