#!/bin/bash
# Shows the whole idea at work, on real processes, sockets, signatures and disks: a peerlet is
# assembled and signed, twelve nodes form a ring, code travels to the nodes that need it, files are
# stored and read back, hostile peerlets run into their limits, a node is killed and nothing is lost.
#
#   Scripts/demo.sh                      everything; about a minute once built
#   Scripts/demo.sh --binaries FOLDER    with programs that are built already
#
# Exits 0 if every comparison held, 1 if one did not, 66 without programs in FOLDER, 69 if something
# is missing, 130 on Ctrl-C. Nodes and files go with the script, also after kill -9.
set -uo pipefail
cd "$(dirname "$0")/.."
. Scripts/flags.sh
. Scripts/prerequisites.sh
. Scripts/lifeline.sh

readonly NODES=12
readonly PART_BYTES=$((60 * 1024))      # a value of the dht; larger files are stored in parts
readonly ENTRY=n1 READER=n5 SECOND_READER=n9
readonly HOSTILE=(loop hoard flood fill recurse)

binaries=
folder=
pids=()                                 # of the nodes, by number
declare -A name_of                      # node name by the first digits of its identifier
declare -A answers                      # how many files each node answered for
failures=0
step=0

# ---- Output

heading() {
    step=$((step + 1))
    printf '\n[%d/9] %s\n' "$step" "$1"
}

say() { printf '  %s\n' "$*"; }

failed() {
    failures=$((failures + 1))
    printf '  FAILED: %s\n' "$*" >&2
}

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Milliseconds since some moment.
clock() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# ---- Start and end

cleanup() {
    trap '' INT TERM HUP
    local pid
    for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null; done
    for pid in "${pids[@]}"; do
        while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    done
    [ -n "$folder" ] && rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "Scripts/${0##*/}"; }

use_binaries() {
    local program
    for program in prost prost-asm; do
        if [ ! -f "$1/$program" ] || [ ! -x "$1/$program" ]; then
            echo "error: there is no program $1/$program" >&2
            echo "help: 'swift build' shows where it puts them with --show-bin-path" >&2
            exit 66
        fi
    done
    binaries=$(cd "$1" && pwd)
}

build() {
    if [ -n "$binaries" ]; then return; fi
    binaries=$PWD/.build/release
    if [ ! -x "$binaries/prost" ]; then
        say "the first build takes about 10 minutes on 2 cores; later ones take seconds"
    fi
    local product
    for product in prost-asm prost; do
        if [ -t 1 ]; then
            swift build "${RELEASE_FLAGS[@]}" --product "$product" || die "$product could not be built"
        else
            # Without a terminal: a line now and then instead of thousands.
            swift build "${RELEASE_FLAGS[@]}" --product "$product" 2>&1 |
                awk -v product="$product" '
                    /error:/ || /^Build complete/ { print "  " $0; fflush(); next }
                    /^\[[0-9]+\/[0-9]+\]/ {
                        if (systime_now() - last >= 15) { print "  " product " " $1; fflush(); last = systime_now() }
                    }
                    function systime_now(  now) { srand(); now = srand(); return now }'
            [ "${PIPESTATUS[0]}" -eq 0 ] || die "$product could not be built"
        fi
    done
}

# Sockets have short paths: where TMPDIR is long, /tmp is taken.
make_folder() {
    local parent=${TMPDIR:-/tmp}
    [ ${#parent} -le 60 ] || parent=/tmp
    folder=$(mktemp -d "$parent/prost.XXXXXX") || exit 73
    hold_lifeline "$folder"
}

# ---- Commands

prost() { "$binaries/prost" "$@"; }

# Value of a field in a JSON document with one field on each line: `field NAME`, from standard input.
field() { sed -n "s/^ *\"$1\" *: *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" | head -n 1; }

# Calls the dht and repeats what is only temporarily impossible (exit code 75), for half a minute.
# The line about the answer is left in $answer.
call() {
    local status deadline=$((SECONDS + 30))
    while :; do
        answer=$(prost call dht "$@" 2>&1)
        status=$?
        [ $status -ne 75 ] || [ $SECONDS -ge $deadline ] || continue
        answer=$(printf '%s\n' "$answer" | tail -n 1)
        return $status
    done
}

# Figures of the answer: `of_answer hops`.
of_answer() { printf '%s\n' "$answer" | sed -n "s/.* $1 \([^ ]*\).*/\1/p"; }

name() { printf '%s' "${name_of[${1:0:8}]:-$1}"; }

# ---- 1 and 2

assemble() {
    "$binaries/prost-asm" key new "$folder/good.key" --no-passphrase -q &&
        "$binaries/prost-asm" key new "$folder/rude.key" --no-passphrase -q || die "no key could be made"
    "$binaries/prost-asm" build PeerletASM/dht/dht.pasm -o "$folder/dht.peerlet" \
        --key-file "$folder/good.key" | sed 's/^/  /'
    "$binaries/prost-asm" build PeerletASM/trace/trace.pasm -o "$folder/trace.peerlet" \
        --key-file "$folder/good.key" -q
    local peerlet
    for peerlet in "${HOSTILE[@]}"; do
        "$binaries/prost-asm" build "PeerletASM/hostile/$peerlet.pasm" -o "$folder/$peerlet.peerlet" \
            --key-file "$folder/rude.key" -q
    done
    for peerlet in dht trace "${HOSTILE[@]}"; do
        "$binaries/prost-asm" verify "$folder/$peerlet.peerlet" -q || die "$peerlet was not made"
    done
    say "dht and trace are signed by the provider 'good', five hostile peerlets by 'rude'"

    # One changed byte in the middle, and nobody takes it.
    local size byte
    size=$(stat -c %s "$folder/dht.peerlet")
    byte=$(od -An -tu1 -j $((size / 2)) -N 1 "$folder/dht.peerlet")
    cp "$folder/dht.peerlet" "$folder/changed.peerlet"
    printf "\\x$(printf %02x $((byte ^ 1)))" |
        dd of="$folder/changed.peerlet" bs=1 seek=$((size / 2)) conv=notrunc status=none
    if "$binaries/prost-asm" verify "$folder/changed.peerlet" -q 2>/dev/null; then
        failed "a package with a changed bit was accepted"
    else
        say "a copy of dht with one bit changed is refused"
    fi
}

write_policy() {
    cat >"$folder/policy.yaml" <<END
defaults: { access: deny }
providers:
  - { key: $(sed -n 2p "$folder/good.pub"), name: good, access: allow }
  - { key: $(sed -n 2p "$folder/rude.pub"), name: rude, access: $1 }
END
}

# ---- 3

start_node() {
    local node=$1
    shift
    "$binaries/prost" run --data-dir "$folder/$node" --ring "$ring" --name "$node" \
        --listen 127.0.0.1:0 --successors 3 --replicas 3 --policy "$folder/policy.yaml" --json --lifeline "$@" \
        >"$folder/$node.out" 2>"$folder/$node.log" <"$folder/lifeline" &
    pids[${node#n}]=$!
    disown
}

await_announcement() {
    local node=$1 deadline=$((SECONDS + 30)) id
    while [ ! -s "$folder/$node.out" ]; do
        kill -0 "${pids[${node#n}]}" 2>/dev/null || die "$node ended: $(tail -n 1 "$folder/$node.log")"
        [ $SECONDS -lt $deadline ] || die "$node did not start within 30 s"
        sleep 0.02
    done
    id=$(sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1/p' "$folder/$node.out")
    name_of[${id:0:8}]=$node
    id_of[${node#n}]=$id
}

# Counts the nodes that are settled members of a formed ring with nothing to take over or to
# copy; prints what is open. Fails until that is all of them.
ring_is_whole() {
    local node status open settled=0 acquiring=0 missing=0 stale=0
    for node in "${alive[@]}"; do
        # Its neighbours first: what it has to copy then counts those that are left.
        if [ -n "${1:-}" ] && prost ring show --node "$folder/$node" 2>/dev/null |
            grep -qE "^(predecessor|successor [0-9]+) +${1:0:8}"; then
            stale=$((stale + 1))
        fi
        status=$(prost status --node "$folder/$node" --json 2>/dev/null) || continue
        [ "$(field phase <<<"$status")" = formed ] && [ "$(field settled <<<"$status")" = true ] &&
            settled=$((settled + 1))
        open=$(field ranges_acquiring <<<"$status")
        acquiring=$((acquiring + ${open:-0}))
        open=$(field under_replicated <<<"$status")
        missing=$((missing + ${open:-0}))
    done
    state="$settled of ${#alive[@]} nodes settled, $acquiring ranges being taken over, $missing under-replicated"
    [ -z "${1:-}" ] || state+=", $stale with the dead node as a neighbour"
    [ $settled -eq ${#alive[@]} ] && [ $acquiring -eq 0 ] && [ $missing -eq 0 ] && [ $stale -eq 0 ]
}

# `await_ring SECONDS [DEAD]`: until the ring is whole, with a line whenever something changed.
await_ring() {
    local deadline=$((SECONDS + $1)) last=
    until ring_is_whole "${2:-}"; do
        if [ "$state" != "$last" ]; then say "$state"; fi
        last=$state
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.1
    done
    say "$state"
}

check_ring() {
    local node others=()
    for node in "${alive[@]:1}"; do others+=(--also "$folder/$node"); done
    prost ring check --node "$folder/${alive[0]}" "${others[@]}" | sed 's/^/  /'
    [ "${PIPESTATUS[0]}" -eq 0 ]
}

start_ring() {
    ring=demo-$$-$RANDOM
    write_policy allow
    local node address
    start_node n1
    await_announcement n1
    address=$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$folder/n1.out")
    for node in "${alive[@]:1}"; do start_node "$node" --join "$address"; done
    for node in "${alive[@]:1}"; do await_announcement "$node"; done
    await_ring 60 || die "the ring did not form within a minute"
    check_ring || failed "the nodes are not one ring"
}

# ---- 4 to 6

# Stores a file through $ENTRY: in one piece, or in parts NAME#0, NAME#1, … and an index.
store() {
    local file=$1 size parts part at=0
    size=$(stat -c %s "$file")
    if [ "$size" -le $PART_BYTES ]; then
        call put --key "$file" --file "$file" --node "$folder/$ENTRY" --output "$folder/void" || return
        printf '  %-50s %7d bytes           at %-3s  %s hops  %6s fuel\n' "$file" "$size" \
            "$(name "$(of_answer node)")" "$(of_answer hops)" "$(of_answer fuel)"
        return
    fi
    parts=$(((size + PART_BYTES - 1) / PART_BYTES))
    for ((part = 0; part < parts; part++)); do
        dd if="$file" of="$folder/part" bs=$PART_BYTES skip=$part count=1 status=none
        call put --key "$file#$part" --file "$folder/part" --node "$folder/$ENTRY" \
            --output "$folder/void" --fuel 20000000 || return
        at=$((at + $(of_answer fuel)))
    done
    call put --key "$file" --payload "parts $parts" --node "$folder/$ENTRY" --output "$folder/void" || return
    printf '  %-50s %7d bytes %3d parts at %-3s  %s hops  %6s fuel\n' "$file" "$size" "$parts" \
        "$(name "$(of_answer node)")" "$(of_answer hops)" "$((at + $(of_answer fuel)))"
}

# Reads a file back through a node, to $folder/copy; leaves $root, $hops and $fuel.
fetch() {
    local file=$1 node=$2 parts part
    call get --key "$file" --node "$folder/$node" --output "$folder/copy" || return
    root=$(name "$(of_answer node)") hops=$(of_answer hops) fuel=$(of_answer fuel)
    answers[$root]=$((${answers[$root]:-0} + 1))
    parts=$(sed -n '1s/^parts \([0-9][0-9]*\)$/\1/p' "$folder/copy" 2>/dev/null)
    if [ -z "$parts" ] || [ "$(wc -l <"$folder/copy")" -ne 0 ]; then return; fi
    : >"$folder/copy"
    for ((part = 0; part < parts; part++)); do
        call get --key "$file#$part" --node "$folder/$node" --output "$folder/part" \
            --fuel 20000000 || return
        fuel=$((fuel + $(of_answer fuel)))
        cat "$folder/part" >>"$folder/copy"
    done
}

# Reads every file through a node and compares; `read_all NODE [quiet]`.
read_all() {
    local node=$1 file good=0 wanted got start
    start=$(clock)
    for file in "${files[@]}"; do
        wanted=$(sha256sum <"$file")
        : >"$folder/copy"
        if ! fetch "$file" "$node"; then
            failed "$file could not be read: $answer"
            continue
        fi
        got=$(sha256sum <"$folder/copy")
        if [ "$wanted" != "$got" ]; then
            failed "$file came back changed"
            continue
        fi
        good=$((good + 1))
        if [ -z "${2:-}" ]; then
            printf '  %-50s sha256 %s  from %-3s  %s hops  %6s fuel\n' "$file" "${got:0:12}" \
                "$root" "$hops" "$fuel"
        elif [ $((good % 20)) -eq 0 ]; then
            say "$good of ${#files[@]} files"
        fi
    done
    say "$good of ${#files[@]} files read through $node are what was stored through $ENTRY" \
        "($(($(clock) - start)) ms)"
}

show_code() {
    local node line from why
    for node in "${alive[@]}"; do
        prost app list --node "$folder/$node" --json 2>/dev/null | awk '
            /"code_from"/ { from = $0 } /"code_message"/ { why = $0 } /"name"/ { name = $0 }
            /"version"/ {
                gsub(/^[^:]*: *"?|"?,? *$/, "", from); gsub(/^[^:]*: *"?|"?,? *$/, "", why)
                gsub(/^[^:]*: *"?|"?,? *$/, "", name); print name, from, why
            }' | while read -r app from why; do
            [ "$app" = "$1" ] || continue
            case $from in
                local*) line="from the client that deployed it" ;;
                *) line="from $(name "$from") ($from)" ;;
            esac
            case $why in
                deploy | client*) ;;
                range | offer | restart | null | '') line+=", to take over a range" ;;
                *) line+=", because of message $why" ;;
            esac
            printf '  %-4s has %-6s %s\n' "$node" "$app" "$line"
        done
    done
}

# ---- 7

# The way of a per-hop peerlet: 72 bytes for each hop, a node's handle first.
show_path() {
    local key best= longest=0 path
    prost deploy "$folder/trace.peerlet" --node "$folder/$ENTRY" >/dev/null 2>&1 || die "trace was not deployed"
    for key in alpha beta gamma delta epsilon zeta eta theta; do
        prost call trace probe --key "$key" --node "$folder/$ENTRY" --output "$folder/path" 2>/dev/null ||
            continue
        path=
        while read -r id; do path+="${path:+ → }$(name "$id")"; done < <(
            od -An -v -tx1 -w72 "$folder/path" | tr -d ' ' | cut -c 1-8
        )
        say "$key: $path"
        if [ ${#path} -gt $longest ]; then longest=${#path} best=$path; fi
    done
    case $best in
        *→*→*) ;;
        *) failed "no message passed a node on its way" ;;
    esac
    show_code trace
}

# ---- 8

attack() {
    local peerlet deadline seen=0 reads=0 good=0 slowest=0 start took file
    for peerlet in "${HOSTILE[@]}"; do
        prost deploy "$folder/$peerlet.peerlet" --node "$folder/$READER" >/dev/null 2>&1 ||
            failed "$peerlet was not deployed"
    done
    for peerlet in "${HOSTILE[@]}"; do
        prost call "$peerlet" attack --node "$folder/$READER" >/dev/null 2>&1 ||
            failed "$peerlet did not start"
    done
    say "${HOSTILE[*]} attack on $READER; the dht is read through the same node meanwhile"
    deadline=$((SECONDS + 30))
    start=$SECONDS
    while :; do
        file=${files[$((reads % ${#files[@]}))]}
        took=$(clock)
        reads=$((reads + 1))
        call get --key "$file" --node "$folder/$READER" --output "$folder/void" && good=$((good + 1))
        took=$(($(clock) - took))
        [ $took -le $slowest ] || slowest=$took
        [ $((reads % 10)) -eq 0 ] || continue
        prost app limits --node "$folder/$READER" >"$folder/limits" 2>/dev/null
        seen=0
        for peerlet in "${HOSTILE[@]}"; do
            grep -q "app=$peerlet#" "$folder/limits" && seen=$((seen + 1))
        done
        [ $seen -lt ${#HOSTILE[@]} ] || [ $((SECONDS - start)) -lt 3 ] || break
        [ $SECONDS -lt $deadline ] || break
    done
    sed -n 's/^limit app=\([^#]*\)#[0-9a-f]* .*limit=\([^ ]*\) used=\([^ ]*\) max=\([^ ]*\) .*times=\([0-9]*\) .*set by \([^;]*\); \([^;]*\);.*/\1|\2|\3|\4|\5|\7/p' \
        "$folder/limits" | sort | while IFS='|' read -r app limit used max times effect; do
        printf '  %-8s stopped by %-12s at %-8s of %-8s %5s times; %s\n' "$app" "$limit" "$used" "$max" "$times" "$effect"
    done
    [ $seen -eq ${#HOSTILE[@]} ] || failed "$seen of ${#HOSTILE[@]} hostile peerlets ran into a limit"
    say "meanwhile $good of $reads reads of the dht were answered, the slowest in $slowest ms"
    [ $good -eq $reads ] || failed "the dht did not answer every read"

    write_policy deny
    local node
    for node in "${alive[@]}"; do kill -HUP "${pids[${node#n}]}"; done
    deadline=$((SECONDS + 10))
    while prost app list --node "$folder/$READER" 2>/dev/null | grep -qE "^($(IFS='|'; echo "${HOSTILE[*]}")) "; do
        [ $SECONDS -lt $deadline ] || { failed "a denied peerlet still runs"; return; }
        sleep 0.05
    done
    say "the owners deny the provider 'rude' (SIGHUP): all five are gone from $READER"
}

# ---- 9

kill_one() {
    local node victim= most=-1 start
    for node in "${alive[@]}"; do
        case $node in "$ENTRY" | "$READER" | "$SECOND_READER") continue ;; esac
        if [ "${answers[$node]:-0}" -gt $most ]; then most=${answers[$node]:-0} victim=$node; fi
    done
    say "kill -9 $victim, which answered for $most of ${#files[@]} files"
    kill -9 "${pids[${victim#n}]}"
    local left=()
    for node in "${alive[@]}"; do [ "$node" = "$victim" ] || left+=("$node"); done
    alive=("${left[@]}")
    start=$(clock)
    await_ring 60 "${id_of[${victim#n}]}" || failed "the ring did not heal within a minute"
    say "healed after $(($(clock) - start)) ms"
    check_ring || failed "the nodes are not one ring"
    read_all "$SECOND_READER" quiet
}

# ---- The demo

case "$#:${1:-}" in
    0:) ;;
    2:--binaries) use_binaries "$2" ;;
    *:-h | *:--help) usage; exit 0 ;;
    *) usage >&2; exit 64 ;;
esac

alive=()
declare -a id_of
for ((number = 1; number <= NODES; number++)); do alive+=("n$number"); done
mapfile -t files < <(find Spec PeerletASM -type f -not -path '*/.*' -not -name '*.key' | LC_ALL=C sort)

heading "Prerequisites and build"
prerequisites
build
say "prost and prost-asm are in $binaries"
make_folder
begin=$(clock)

heading "Assemble and sign"
assemble

heading "A ring of $NODES processes with mutual TLS on 127.0.0.1, in $folder"
start_ring

heading "Deploy the dht on $ENTRY and store ${#files[@]} files through it"
prost deploy "$folder/dht.peerlet" --node "$folder/$ENTRY" 2>/dev/null | sed -n '1,3s/^/  /p'
await_ring 60 || die "the dht's ranges were not taken over within a minute"
for file in "${files[@]}"; do
    store "$file" || failed "$file could not be stored: $answer"
done

heading "How the code travelled: deployed on one node, fetched by those that need it"
show_code dht

heading "Read everything back through $READER and compare"
read_all "$READER"

heading "The way of a per-hop peerlet: trace notes every node at which it runs"
show_path

heading "Hostile peerlets"
attack

heading "Kill a node"
kill_one

printf '\n'
prost top --once --node "$folder/$READER" 2>/dev/null

printf '\n'
if [ $failures -gt 0 ]; then
    echo "$failures of the demo's promises did not hold ($(($(clock) - begin)) ms)"
    exit 1
fi
echo "Everything held ($(($(clock) - begin)) ms once built)."
cat <<END

What to try next. A ring that stays in its terminal until Ctrl-C:

  cd $PWD
  export PATH="$binaries:\$PATH"
  prost dev --nodes 5 PeerletASM/dht/dht.pasm

In a second terminal, while it runs:

  cd $PWD
  export PATH="$binaries:\$PATH"
  prost call dht put --key colour --payload blue --node dev-1
  prost call dht get --key colour --node dev-4
  prost lookup colour --trace --node dev-2
  prost top --node dev-3
END
