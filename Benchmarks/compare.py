#!/usr/bin/env python3
"""Runs the kernels interleaved in this machine and in its peers; prints one table of ratios.

    Scripts/bench.sh [--rounds N] [KERNEL...]

Peers are used where they are installed: `lua5.4`, `luajit` (its interpreter), the Python package
`wasmtime` (compiler and Pulley, with and without fuel), and wasm3 where WASM3 names a directory
with its sources or a runner built from Peers/wasm3.c. Ours is metered and keeps undo marks.
"""

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
KERNELS = {
    "fib": (32, 2178309),
    "sieve": (5000000, 348513),
    "matmul_i64": (4, 471859200),
    "sha256": (65536, 4163964237635315124),
    "collatz": (300000, 230631442),
    "brtab": (10000000, 8046402034448341294),
    "hashmap": (1000000, 4817337),
    "memcopy": (32, 15552986599137074006),
}


def peer(name):
    return os.path.join(HERE, "Peers", name)


def wasm3(folder):
    """A runner of wasm3, built if WASM3 names its sources."""
    path = os.environ.get("WASM3")
    if not path or not shutil.which("wat2wasm"):
        return None
    if not os.path.isdir(path):
        return path
    source = os.path.join(path, "source")
    runner = os.path.join(folder, "wasm3")
    files = [os.path.join(source, f) for f in sorted(os.listdir(source)) if f.endswith(".c")]
    flags = ["-O3", "-DNDEBUG", "-fomit-frame-pointer", "-w", "-I", source]
    compiler = shutil.which("clang") or "cc"
    subprocess.run([compiler, *flags, peer("wasm3.c"), *files, "-lm", "-o", runner], check=True)
    return runner


def engines(tool, folder):
    """Name to command line of a kernel, its argument and the number of repetitions."""
    found = {
        "prost": lambda k, n, r: [
            tool, "run", os.path.join(HERE, "Kernels", k + ".pasm"), "--call", "run",
            "--arg", str(n), "--repeat", str(r), "--json",
        ]
    }
    runner = wasm3(folder)
    if runner:
        for kernel in KERNELS:
            target = os.path.join(folder, kernel + ".wasm")
            subprocess.run(["wat2wasm", peer(kernel + ".wat"), "-o", target], check=True)
        found["wasm3"] = lambda k, n, r: [runner, os.path.join(folder, k + ".wasm"), str(n), str(r)]
    for name in ["lua5.4", "luajit"]:
        if shutil.which(name):
            found[name] = lambda k, n, r, name=name: [name, peer("kernels.lua"), k, str(n), str(r)]
    if subprocess.run([sys.executable, "-c", "import wasmtime"], capture_output=True).returncode == 0:
        for options in ([], ["fuel"], ["pulley"], ["pulley", "fuel"]):
            name = "pulley" if "pulley" in options else "wasmtime"
            found[name + ("+fuel" if "fuel" in options else "")] = lambda k, n, r, o=options: [
                sys.executable, peer("wasmtime_run.py"), peer(k + ".wat"), str(n), str(r), *o
            ]
    return found


def measure(command):
    """Result and nanoseconds; None where the peer does not have the kernel."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return None
    if done.stdout.startswith("RESULT"):
        _, result, time = done.stdout.split()
        return int(result), float(time)
    if not done.stdout.startswith("{"):
        return None
    report = json.loads(done.stdout)
    return int(report["result"]), float(report["cpu_ns"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("kernels", nargs="*", default=list(KERNELS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commands = engines(options.tool, folder)
        times = {(e, k): [] for e in commands for k in options.kernels}
        for _ in range(options.rounds):
            for kernel in options.kernels:
                argument, checksum = KERNELS[kernel]
                for engine, command in commands.items():
                    measured = measure(command(kernel, argument, 3))
                    if measured is None:
                        continue
                    if measured[0] % 2**64 != checksum:
                        sys.exit(f"{engine} computes {measured[0]} in {kernel}, not {checksum}")
                    times[engine, kernel].append(measured[1])
    report(list(commands), options.kernels, times)


def report(engines, kernels, times):
    base = "wasm3" if "wasm3" in engines else "prost"
    medians = {key: statistics.median(values) for key, values in times.items() if values}
    print(f"milliseconds, median of interleaved runs; last column: geometric mean, {base} = 1")
    print("| engine | " + " | ".join(kernels) + " | mean |")
    print("|---" * (len(kernels) + 2) + "|")
    for engine in engines:
        known = [k for k in kernels if (engine, k) in medians]
        if not known:
            continue
        cells = [f"{medians[engine, k] / 1e6:.1f}" if k in known else "-" for k in kernels]
        logs = [math.log(medians[engine, k] / medians[base, k]) for k in known]
        mean = f"{math.exp(sum(logs) / len(logs)):.2f}"
        if len(known) < len(kernels):
            mean += f" ({len(known)})"
        print(f"| {engine} | " + " | ".join(cells) + f" | {mean} |")


main()
