#!/usr/bin/env python3
"""Nanoseconds for each fuel of every instruction that computes; one table (memory and control: prices.py).

    Benchmarks/Prices/instructions.py PATH-OF-prost-asm

Eight instructions a round, each with its operands read from locals and its result written to one.
"""

import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OPERANDS = {"small": (7, 3), "large": (-0x123456789ABCDEF0, 0x7FFFFFFF12345679)}


def instructions():
    """Mnemonics and the number of cells they take, of those with one result and no operand."""
    with open(os.path.join(ROOT, "Spec", "isa", "instruction-set.md")) as text:
        for line in text:
            row = re.match(r"\| \w\w \| `([\w.]+)` \| - \| ([123]) -> 1 \| (\d+) \|", line)
            if row:
                yield row[1], int(row[2]), int(row[3])


def source(mnemonic, count, operands):
    arguments = ", ".join(("a", "b", "a")[:count])
    line = f"  x = {mnemonic}({arguments})\n"
    return f""".prost 1
.name "instruction"
export proc run(n) -> 1
  let a = {operands[0]}
  let b = {operands[1]}
  let x = 0
step:
{line * 8}  n -= 1
  (n)  br_if step
  return x
end
"""


def cost(text):
    command = [sys.argv[1], "run", "-", "--call", "run", "--arg", "100000", "--repeat", "7"]
    command += ["--fuel", "100000000000", "--json"]
    done = subprocess.run(command, input=text, text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(done.stderr + text)
    report = json.loads(done.stdout)
    return report["cpu_ns"] / report["fuel"]


print("| instruction | price | " + " | ".join(OPERANDS) + " |")
print("|---" * (len(OPERANDS) + 2) + "|")
for mnemonic, count, price in instructions():
    cells = [f"{cost(source(mnemonic, count, values)):.2f}" for values in OPERANDS.values()]
    print(f"| `{mnemonic}` | {price} | " + " | ".join(cells) + " |", flush=True)
