#!/bin/bash
# Runs all tests: format, imports, every test in the demo's build configuration, and the tests of
# the targets without sockets in debug too. Exits 0 only if all of it passed.
#
#   Scripts/test.sh            everything
#   Scripts/test.sh --light    only the targets without sockets, in debug: about a minute once built
#
# From a clean clone on 2 cores this takes up to 40 minutes with the build, once built up to 10.
set -uo pipefail
cd "$(dirname "$0")/.."
. Scripts/flags.sh
. Scripts/prerequisites.sh

case "$#:${1:-}" in
    0: | 1:--light) ;;
    *:-h | *:--help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "Scripts/${0##*/}"; exit 0 ;;
    *) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "Scripts/${0##*/}" >&2; exit 64 ;;
esac

readonly log=$(mktemp "${TMPDIR:-/tmp}/prost-test.XXXXXX")
child=
trap 'rm -f "$log"' EXIT
trap 'kill ${child:-} 2>/dev/null; exit 130' INT
trap 'kill ${child:-} 2>/dev/null; exit 143' TERM

failures=()
passed=0
failed=0

# Runs a phase in the foreground of the log: `phase NAME COMMAND...`.
phase() {
    local name=$1 start=$SECONDS status
    shift
    echo "== $name"
    "$@" </dev/null >"$log" 2>&1 &
    child=$!
    # It ends with the child, and has shown all of the log then.
    tail -n +1 -s 0.1 -f --pid="$child" "$log" &
    wait "$child"
    status=$?
    child=
    wait $!
    if [ $status -eq 0 ]; then
        echo "== $name: passed in $((SECONDS - start)) s"
    else
        echo "== $name: FAILED with exit code $status after $((SECONDS - start)) s"
        failures+=("$name")
    fi
    return $status
}

# Adds the run's summary to the sums: "Test run with N tests in M suites passed|failed after ..."
count() {
    local tests bad
    tests=$(sed -n 's/.*Test run with \([0-9]*\) tests\{0,1\}.*/\1/p' "$log" | awk '{ s += $1 } END { print s + 0 }')
    bad=$(grep -E '^[^ ]+ Test .* failed after [0-9.]+ seconds' "$log" | grep -cv ' Test run with ' || true)
    passed=$((passed + tests - bad))
    failed=$((failed + bad))
    if [ "$tests" -eq 0 ]; then
        echo "== no test ran"
        failures+=("no test ran")
    fi
}

light_tests() {
    PROST_LIGHT=1 swift test "${LIGHT_FLAGS[@]}"
}

prerequisites openssl minisign spin

if [ "${1:-}" != --light ]; then
    phase "format and lint" Scripts/lint.sh
    # The check only reads the imports and costs no second build.
    if phase "release build, undeclared imports refused" swift build "${RELEASE_FLAGS[@]}" \
        --explicit-target-dependency-import-check error; then
        phase "release tests" swift test "${TEST_FLAGS[@]}" --skip KillTests --skip PROSTTransportTests
        count
        # By itself: its time-outs are real, and two cores busy with all other suites break them.
        phase "transport on real sockets" swift test "${TEST_FLAGS[@]}" --filter PROSTTransportTests
        count
        # By itself: it kills processes and measures how soon the others make up for them.
        phase "kill -9 on real processes" swift test "${TEST_FLAGS[@]}" --filter KillTests
        count
    fi
fi
phase "debug tests of the targets without sockets" light_tests
count

echo
if [ ${#failures[@]} -gt 0 ]; then printf 'failed: %s\n' "${failures[@]}"; fi
echo "$passed passed, $failed failed, $SECONDS s"
[ ${#failures[@]} -eq 0 ] && [ "$failed" -eq 0 ]
