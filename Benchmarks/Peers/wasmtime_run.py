"""Runs a kernel in wasmtime and prints what `prost-asm run --json` prints:

    wasmtime_run.py FILE.wat ARGUMENT REPETITIONS [fuel] [pulley]
"""

import json
import sys
import time

import wasmtime

path, argument, repetitions, *options = sys.argv[1:]
config = wasmtime.Config()
if "fuel" in options:
    config.consume_fuel = True
if "pulley" in options:
    config.target = "pulley64"
store = wasmtime.Store(wasmtime.Engine(config))
with open(path) as text:
    module = wasmtime.Module(store.engine, text.read())
if "fuel" in options:
    store.set_fuel(10**15)
run = wasmtime.Instance(store, module, []).exports(store)["run"]
times = []
for _ in range(int(repetitions)):
    start = time.process_time_ns()
    result = run(store, int(argument))
    times.append(time.process_time_ns() - start)
print(json.dumps({"result": str(result), "cpu_ns": min(times)}))
