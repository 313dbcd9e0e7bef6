#!/bin/bash
# Format and lint rules of every Swift file; fails at the first warning.
#
#   Scripts/lint.sh          checks
#   Scripts/lint.sh --fix    formats instead
set -euo pipefail
cd "$(dirname "$0")/.."

case "$#:${1:-}" in
    0:) swift format lint --strict --parallel --recursive Package.swift Sources Tests ;;
    1:--fix) swift format --in-place --parallel --recursive Package.swift Sources Tests ;;
    *:-h | *:--help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "Scripts/${0##*/}" ;;
    *) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "Scripts/${0##*/}" >&2; exit 64 ;;
esac
