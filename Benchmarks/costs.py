#!/usr/bin/env python3
"""What metering and undo cost: the kernels in the product and in private builds without charging, and
without marks of written pages.

    Benchmarks/costs.py [--pairs N] [KERNEL...]

Prints instructions (callgrind) and time (medians of N interleaved pairs, 20 unless told) over those of
the private build, less one. A private build is this tree with a few lines of PeerletVM taken out, in
.build-costs; the product has no such switch. Needs valgrind; two builds of about three minutes.
"""

import argparse
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = os.path.join(ROOT, ".build-costs")
# Arguments for callgrind, which is fifty times slower, and for the clock.
KERNELS = {
    "fib": (16, 27), "sieve": (20000, 2000000), "matmul_i64": (1, 2), "sha256": (64, 16384),
    "collatz": (1500, 100000), "brtab": (20000, 3000000), "hashmap": (3000, 300000),
    "memcopy": (1, 16),
}
HANDLER = "Interpreter/Handler.swift"
CONDITION = "Operations/Condition.swift"
# File, text, and what takes its place.
PRIVATE = {
    "metering": [
        (HANDLER, "unsafe (self + offset).assumingMemoryBound(to: Gauge.self).pointee", "0"),
        (HANDLER, r"    if fuel < 0 \{\n.*\n    \}\n", ""),
        (CONDITION, r"        if left < 0 \{\n.*\n        \}\n", ""),
        (CONDITION, r"    if left < 0 \{\n.*\n    \}\n", ""),
        # A block that runs into the next needs no instruction at its end.
        ("Translation/FunctionTranslator.swift",
         r"            buffer\.append\(\n                ControlTable\.charge,(.*\n)*?            \)\n", ""),
    ],
    "marks": [("Operations/StoreOperation.swift", r"        guard unsafe isMarked(.*\n)*?        \}\n", "")],
}


def replaced(name, text, old, new):
    pattern = old if new == "" else re.escape(old)
    text, count = re.subn(pattern, new, text)
    if count != 1:
        sys.exit(f"{name}: {count} places like {old!r}")
    return text


def build(tree, scratch):
    command = ["swift", "build", "-c", "release", "--omit-frame-pointers", "--product", "prost-asm"]
    command += ["--package-path", tree, "--scratch-path", scratch]
    environment = dict(os.environ, PROST_LIGHT="1")
    subprocess.run(command, env=environment, check=True, stdout=sys.stderr)
    return os.path.join(scratch, "release", "prost-asm")


def private(name):
    """The tree with PeerletVM changed."""
    tree = os.path.join(WORK, name)
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(os.path.join(ROOT, "Sources"), os.path.join(tree, "Sources"))
    os.symlink(os.path.join(ROOT, "Tests"), os.path.join(tree, "Tests"))
    for file in {"Package.swift", "Package.resolved"} & set(os.listdir(ROOT)):
        shutil.copy(os.path.join(ROOT, file), tree)
    for file, old, new in PRIVATE[name]:
        path = os.path.join(tree, "Sources", "PeerletVM", file)
        with open(path) as source:
            text = source.read()
        with open(path, "w") as source:
            source.write(replaced(file, text, old, new))
    return build(tree, os.path.join(WORK, "build-" + name))


def command(tool, kernel, argument, repeat):
    path = os.path.join(ROOT, "Benchmarks", "Kernels", kernel + ".pasm")
    return [tool, "run", path, "--call", "run", "--arg", str(argument), "--repeat", str(repeat),
            "--fuel", "100000000000", "--json"]


def instructions(tool, kernel):
    """Of one call: what three take, less what one takes, halved."""
    counts = []
    for repeat in (1, 3):
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
             *command(tool, kernel, KERNELS[kernel][0], repeat)],
            capture_output=True, text=True, check=True)
        counts.append(int(re.search(r"refs:\s+([\d,]+)", done.stderr)[1].replace(",", "")))
    return (counts[1] - counts[0]) / 2


def time(tool, kernel):
    done = subprocess.run(
        command(tool, kernel, KERNELS[kernel][1], 3), capture_output=True, check=True)
    return json.loads(done.stdout)["cpu_ns"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("kernels", nargs="*", default=list(KERNELS))
    options = parser.parse_args()
    product = build(ROOT, os.path.join(ROOT, ".build-bench"))
    print("| cost of | figure | " + " | ".join(options.kernels) + " | mean |")
    print("|---" * (len(options.kernels) + 3) + "|")
    for name in PRIVATE:
        other = private(name)
        counted = [instructions(product, k) / instructions(other, k) for k in options.kernels]
        timed = []
        for kernel in options.kernels:
            pairs = [(time(product, kernel), time(other, kernel)) for _ in range(options.pairs)]
            timed.append(statistics.median(ours / theirs for ours, theirs in pairs))
        for figure, ratios in (("instructions", counted), ("time", timed)):
            mean = math.exp(statistics.fmean(map(math.log, ratios)))
            cells = [f"{100 * (ratio - 1):+.1f} %" for ratio in [*ratios, mean]]
            print(f"| {name} | {figure} | " + " | ".join(cells) + " |", flush=True)


main()
