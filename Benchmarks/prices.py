#!/usr/bin/env python3
"""Nanoseconds for each fuel of programs that get much time for it (prices.pasm); one table.

    Benchmarks/prices.py PATH-OF-prost-asm
"""

import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = {"first_stores": 4096, "fills": 2000, "copies_16m": 20}
KERNELS = {
    "fib": 30, "sieve": 5000000, "matmul_i64": 4, "sha256": 32768, "collatz": 100000,
    "brtab": 5000000, "hashmap": 1000000, "memcopy": 32,
}


def cost(path, name, argument):
    """The best of five runs."""
    costs = []
    for _ in range(5):
        command = [sys.argv[1], "run", path, "--call", name, "--arg", str(argument), "--json"]
        report = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        costs.append(report["cpu_ns"] / report["fuel"])
    return min(costs)


kernels = [cost(os.path.join(HERE, "Kernels", k + ".pasm"), "run", n) for k, n in KERNELS.items()]
median = statistics.median(kernels)
print(f"| kernels, median | {median:.2f} | 1.0 |")
with open(os.path.join(HERE, "prices.pasm")) as text:
    names = [line.split()[2].split("(")[0] for line in text if line.startswith("export proc")]
for name in names:
    value = cost(os.path.join(HERE, "prices.pasm"), name, ROUNDS.get(name, 1000000))
    print(f"| {name} | {value:.2f} | {value / median:.1f} |")
