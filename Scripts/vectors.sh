#!/bin/bash
# Makes every file of Spec/vectors and the tables of Spec/isa anew, by the tests that check them.
#
#   Scripts/vectors.sh           all
#   Scripts/vectors.sh --light   all but wire/handshake.json, the only one that needs the release build
#
# Equal sources give equal bytes, so that `git diff Spec` shows what a change of the sources means
# for other implementations. Exits 0 only if every file was made.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/flags.sh
. Scripts/prerequisites.sh

case "$#:${1:-}" in
    0: | 1:--light) ;;
    *:-h | *:--help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "Scripts/${0##*/}"; exit 0 ;;
    *) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "Scripts/${0##*/}" >&2; exit 64 ;;
esac

readonly sockets=Spec/vectors/wire/handshake.json
readonly before=$(mktemp "${TMPDIR:-/tmp}/prost-vectors.XXXXXX")
trap 'rm -f "$before"' EXIT

prerequisites openssl

export PROST_REWRITE=1
# By the names of the files of tests.
PROST_LIGHT=1 swift test "${LIGHT_FLAGS[@]}" --filter \
    '(Vector|Identifier|Signature|Certificate|ChordMessage)Tests|PeerletVMTests.SpecificationTests'
[ "${1:-}" = --light ] || swift test "${TEST_FLAGS[@]}" --filter 'HandshakeVectorTests'

forgotten=$(find Spec/vectors -type f ! -newer "$before")
[ "${1:-}" != --light ] || forgotten=$(grep -vxF "$sockets" <<<"$forgotten" || true)
if [ -n "$forgotten" ]; then
    printf 'not made anew: %s\n' $forgotten >&2
    exit 1
fi
git diff --stat -- Spec
