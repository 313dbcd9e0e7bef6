#!/usr/bin/env python3
"""Looks for the program that gets most time for its fuel: random loops, the worst ones changed on.

    Benchmarks/Prices/search.py PATH-OF-prost-asm [SEED] [PROGRAMS] [LOGARITHM-OF-MEMORY]
"""

import json
import random
import subprocess
import sys

TOOL = sys.argv[1]
SEED, PROGRAMS, LOGARITHM = [
    int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((2, 1), (3, 300), (4, 19))]
SIZE = 1 << LOGARITHM
STATEMENTS = [
    "a += b", "b = a * c", "c = a ^ (b >>u 7)", "a = a /u (b | 1)", "b = c % (a | 1)",
    "c = b / (a | 1)", "a = (a << 13) | (b >>u 51)", "leaf()", "a = same(b)", "time.now(0)",
    f"a = load64(a & {SIZE - 8})", f"b = load8_u((a >>u 9) & {SIZE - 1})",
    f"c = load32_s((b * 0x5851F42D4C957F2D >>u 30) & {SIZE - 8})", f"store64(b & {SIZE - 8}, a)",
    f"store64(((a >>u 20) & {SIZE - 8192}) + 4092, b)", f"store8((c >>u 5) & {SIZE - 1}, a)",
    "if a & 1 then b += 1 end", "if c >u b then a = c else c = b end", "a = memory.size()",
    f"p = load64((p + a) & {SIZE - 8})", "p = p * 0x5851F42D4C957F2D + 0x14057B7EF767814F",
] + [
    f"memory.copy((a >>u 3) & {SIZE // 2 - 1}, (b >>u 3) & {SIZE // 4 - 1}, {n})"
    for n in (0, 1, 15, 16, 17, 64, 256, 4096)
] + [f"memory.fill((a >>u 3) & {SIZE // 2 - 1}, b, {n})" for n in (0, 1, 16, 17, 256, 4096)]


def source(body):
    lines = "\n".join("  " + line for line in body)
    return f""".prost 1
.name "search"
.limit memory_pages {SIZE >> 12}
import time.now
bss area at 0: bytes[{SIZE}]
proc leaf() -> 0
end
proc same(x) -> 1
  return x
end
export proc run(n) -> 1
  let a = 88172645463325252
  let b = 0x123456789ABCDEF
  let c = n
  let p = 1
step:
{lines}
  n -= 1
  (n)  br_if step
  return a + b + c + p
end
"""


def cost(body, rounds=20000, repeat=3):
    command = [TOOL, "run", "-", "--call", "run", "--arg", str(rounds), "--repeat", str(repeat)]
    command += ["--fuel", "100000000000", "--json"]
    done = subprocess.run(command, input=source(body), text=True, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr + done.stdout + source(body))
    report = json.loads(done.stdout)
    return report["cpu_ns"] / report["fuel"]


def changed(chance, body):
    body = list(body)
    kind = chance.randrange(3)
    if kind == 0 or len(body) < 2:
        body.insert(chance.randrange(len(body) + 1), chance.choice(STATEMENTS))
    elif kind == 1:
        body.pop(chance.randrange(len(body)))
    else:
        body[chance.randrange(len(body))] = chance.choice(STATEMENTS)
    return body[:24]


chance = random.Random(SEED)
worst = sorted(((cost([s]), [s]) for s in STATEMENTS), reverse=True)
for value, body in worst:
    print(f"| `{body[0]}` | {value:.2f} |")
best = worst[:12]
for _ in range(PROGRAMS):
    body = changed(chance, chance.choice(best)[1])
    best = sorted(best + [(cost(body), body)], reverse=True)[:12]
again = max(((min(cost(body, 100000) for _ in range(3)), body) for _, body in best[:4]))
print(f"worst of {PROGRAMS} programs, seed {SEED}, {SIZE >> 10} KiB: {again[0]:.2f} ns per fuel")
print("\n".join("  " + line for line in again[1]))
