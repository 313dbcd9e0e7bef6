#!/bin/bash
# The interpreter against its peers, one table of ratios (Benchmarks/compare.py).
#
#   WASM3=~/wasm3 Scripts/bench.sh [--rounds N] [KERNEL...]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=flags.sh
source Scripts/flags.sh

for argument in "$@"; do
    case $argument in -h | --help) exec Benchmarks/compare.py --help ;; esac
done

export PROST_LIGHT=1
build=(swift build "${RELEASE_FLAGS[@]}" --scratch-path .build-bench --product prost-asm)
"${build[@]}" 1>&2
exec Benchmarks/compare.py --tool "$("${build[@]}" --show-bin-path)/prost-asm" "$@"
