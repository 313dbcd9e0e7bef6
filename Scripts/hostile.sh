#!/usr/bin/env bash
# Five nodes, the dht under a fixed open load, and all hostile peerlets on every node, together
# allowed one of two cores: interleaved pairs of runs without and with them.
#
#   Scripts/hostile.sh [--pairs N] [--seconds N] [--rate N]
#
# Prints the latencies of each run and exits 0 if p99 with the attackers is at most the larger of
# twice the unattacked p99 and that p99 + 5 ms, in the medians over the pairs; 1 if it is not, or if
# an attacker ran into no limit on some node. A call that fails, or has no answer, counts as one that
# took until its time-out.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/flags.sh
. Scripts/lifeline.sh

usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "Scripts/${0##*/}"; }

pairs=3 seconds=60 rate=100
while [ $# -gt 0 ]; do
    case $1:${2:-} in
        -h:* | --help:*) usage; exit 0 ;;
        --pairs:[1-9]*) pairs=$2 ;;
        --seconds:[1-9]*) seconds=$2 ;;
        --rate:[1-9]*) rate=$2 ;;
        *) usage >&2; exit 64 ;;
    esac
    shift 2
done

swift build "${RELEASE_FLAGS[@]}" --product prost >&2
swift build "${RELEASE_FLAGS[@]}" --product prost-asm >&2
bin=$(swift build "${RELEASE_FLAGS[@]}" --show-bin-path)
work=$(mktemp -d)
hold_lifeline "$work"
pids=()
cleanup() {
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

"$bin/prost-asm" key new "$work/provider.key" --no-passphrase >&2
"$bin/prost-asm" key new "$work/stranger.key" --no-passphrase >&2
"$bin/prost-asm" build PeerletASM/dht/dht.pasm -o "$work/dht.peerlet" --key-file "$work/provider.key" >&2
attackers=(loop hoard flood fill recurse)
for name in "${attackers[@]}"; do
    "$bin/prost-asm" build "PeerletASM/hostile/$name.pasm" -o "$work/$name.peerlet" \
        --key-file "$work/stranger.key" >&2
done
root() { "$bin/prost-asm" inspect "$1" --json | sed -n 's/.*"rootKey" *: *"\([^"]*\)".*/\1/p' | head -1; }

# A core runs about 250 million fuel a second; 25 attackers may have that much together.
cat >"$work/policy.yaml" <<YAML
providers:
  - key: $(root "$work/dht.peerlet")
    name: provider
    access: allow
    fuel: 100M/s
    upcall_fuel: 20M
    memory: 8MiB
    storage: 64MiB
    messages: 5000/s
  - key: $(root "$work/loop.peerlet")
    name: stranger
    access: allow
    fuel: 10M/s
    upcall_fuel: 2M
    memory: 1MiB
    storage: 1MiB
    messages: 200/s
YAML
"$bin/prost" policy check "$work/policy.yaml" >&2

# Runs a command and shows what it said only if it fails.
quietly() {
    local said
    said=$("$@" 2>&1) || {
        local code=$?
        printf '%s: exit %s: %s\n' "${*:2:3}" "$code" "$said" >&2
        return "$code"
    }
}

start_ring() {
    for index in 1 2 3 4 5; do
        local join=()
        [ "$index" = 1 ] || join=(--join "$first")
        "$bin/prost" run --data-dir "$work/n$index" --ring hostile --listen 127.0.0.1:0 \
            --policy "$work/policy.yaml" --json --lifeline "${join[@]}" \
            >"$work/n$index.out" 2>"$work/n$index.log" <"$work/lifeline" &
        pids+=($!)
        until [ -s "$work/n$index.out" ]; do
            kill -0 "${pids[-1]}" 2>/dev/null || { cat "$work/n$index.log" >&2; exit 70; }
            sleep 0.05
        done
        [ "$index" != 1 ] || first=$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$work/n1.out")
    done
    for index in 1 2 3 4 5; do
        await_formed "$index"
        quietly "$bin/prost" deploy "$work/dht.peerlet" --node "$work/n$index"
    done
}

# A node is a settled member of a formed ring.
await_formed() {
    local deadline=$((SECONDS + 60))
    until "$bin/prost" status --json --node "$work/n$1" 2>/dev/null | tr -d ' \n' |
        grep -q '"phase":"formed".*"settled":true'; do
        if ! kill -0 "${pids[$1 - 1]}" 2>/dev/null || [ $SECONDS -ge $deadline ]; then
            echo "error: n$1 is in no formed ring: $(tail -n 1 "$work/n$1.log")" >&2
            exit 70
        fi
        sleep 0.1
    done
}

# The load, in us: p50 and p99.
measure() {
    "$bin/prost" bench dht put get --rate "$rate" --seconds "$seconds" --keys 500 --size 200 \
        --node "$work/n1" --also "$work/n2" --also "$work/n3" --also "$work/n4" \
        --also "$work/n5" --json
}
field() { sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" <<<"$2"; }

attack() {
    for index in 1 2 3 4 5; do
        for name in "${attackers[@]}"; do
            quietly "$bin/prost" deploy "$work/$name.peerlet" --node "$work/n$index"
            # Its own upcall may already hit a limit, so that the call fails: its limit records show
            # whether the attack is on (await_limits).
            "$bin/prost" call "$name" attack --node "$work/n$index" --json --timeout 500 \
                >/dev/null 2>&1 || true
        done
    done
}

# Each attacker has run into a limit on each node; else there was no attack to defend against.
await_limits() {
    local index name limits deadline=$((SECONDS + 10))
    for index in 1 2 3 4 5; do
        for name in "${attackers[@]}"; do
            until limits=$("$bin/prost" app limits --node "$work/n$index") &&
                grep -q "app=$name#" <<<"$limits"; do
                if [ $SECONDS -ge $deadline ]; then
                    echo "error: $name ran into no limit on n$index" >&2
                    return 1
                fi
                sleep 0.2
            done
        done
    done
}

stop_ring() {
    for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    pids=()
    rm -rf "$work"/n[1-5] "$work"/n[1-5].out "$work"/n[1-5].log
}

quiet=() loud=() missed=0
for pair in $(seq "$pairs"); do
    for attacked in no yes; do
        start_ring
        quietly "$bin/prost" bench dht put --rate 200 --seconds 3 --keys 500 --size 200 \
            --node "$work/n1"
        [ "$attacked" = no ] || attack
        result=$(measure)
        p99=$(field p99_us "$result")
        printf 'pair %s  attacked %-3s  %s\n' "$pair" "$attacked" "$result"
        if [ "$attacked" = yes ]; then
            await_limits
            loud+=("${p99:-999999999}")
            missed=$((missed + $(field failed "$result") + $(field lost "$result")))
            "$bin/prost" app limits --node "$work/n1" | cut -c1-160 | sort -u
        else
            quiet+=("${p99:-999999999}")
        fi
        stop_ring
    done
done

median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
without=$(median "${quiet[@]}") with=$(median "${loud[@]}")
limit=$((without * 2 > without + 5000 ? without * 2 : without + 5000))
echo "p99 without attackers $without us, with $with us, allowed $limit us;" \
    "$missed calls failed or lost under attack"
[ "$with" -le "$limit" ]
