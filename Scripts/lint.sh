#!/bin/bash
# Format and lint rules of every Swift file; fails at the first warning. `--fix` formats instead.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = --fix ]; then
    swift format --in-place --parallel --recursive Package.swift Sources Tests
else
    swift format lint --strict --parallel --recursive Package.swift Sources Tests
fi
