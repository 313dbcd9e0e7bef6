#!/usr/bin/env python3
"""Nanoseconds for each fuel of programs that get much time for it; one table.

    Benchmarks/Prices/prices.py PATH-OF-prost-asm
"""

import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
KERNELS = {
    "fib": 30, "sieve": 5000000, "matmul_i64": 4, "sha256": 32768, "collatz": 100000,
    "brtab": 5000000, "hashmap": 1000000, "memcopy": 32,
}
SIZES = {"64 KiB": 16, "512 KiB": 19, "2 MiB": 21, "16 MiB": 24}


def run(path, name, argument, *options):
    """The best of five processes that each call five times, so that memory is there already."""
    reports = []
    for _ in range(5):
        command = [sys.argv[1], "run", path, "--call", name, "--arg", str(argument)]
        command += ["--fuel", "100000000000", "--repeat", "5", "--json", *options]
        reports.append(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))
    best = min(reports, key=lambda report: report["cpu_ns"])
    return best["cpu_ns"], best["fuel"]


def cost(*program):
    time, fuel = run(*program)
    return time / fuel


def exports(path):
    with open(path) as text:
        return [line.split()[2].split("(")[0] for line in text if line.startswith("export proc")]


def table():
    folder = os.path.join(os.path.dirname(HERE), "Kernels")
    median = statistics.median(
        cost(os.path.join(folder, name + ".pasm"), "run", n) for name, n in KERNELS.items())
    yield "kernels, median", median, median
    path = os.path.join(HERE, "operations.pasm")
    for name in exports(path):
        yield name, cost(path, name, 2000 if name == "fills" else 1000000), median
    path = os.path.join(HERE, "memory.pasm")
    for label, logarithm in SIZES.items():
        define = "-D", f"size={1 << logarithm}"
        pages = 1 << logarithm - 12
        rounds = {"first_stores": pages, "copies": max(8, (1 << 27 - logarithm))}
        for name in exports(path):
            if name == "chase":
                # Less the linking, which the shorter run has too.
                (a, b), (c, d) = (run(path, name, n, *define) for n in (1, 50001))
                yield f"{name}, {label}", (c - a) / (d - b), median
            else:
                yield f"{name}, {label}", cost(path, name, rounds.get(name, 300000), *define), median


if __name__ == "__main__":
    for name, value, median in table():
        print(f"| {name} | {value:.2f} | {value / median:.1f} |", flush=True)
