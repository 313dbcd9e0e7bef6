#!/bin/bash
# Ends and clears away what a script started, however the script ends, kill -9 included. (Sourced.)
#
# The script alone holds the writing end of a pipe in its folder. Nodes read the other end with
# `prost run --lifeline` and leave when it closes; a janitor then removes the folder.

# `hold_lifeline FOLDER`: leaves the writing end in $lifeline, which no child may keep open.
hold_lifeline() {
    mkfifo "$1/lifeline" || exit 73
    # Both ways, since a pipe opened only for writing waits for its reader.
    exec {lifeline}<>"$1/lifeline"
    janitor "$1" <"$1/lifeline" >/dev/null 2>&1 {lifeline}>&- &
    disown
}

janitor() {
    set +e
    trap '' INT TERM HUP
    cat
    local process deadline=$((SECONDS + 3))
    # They announce their process as JSON; another process with that number has other arguments.
    for process in $(sed -n 's/.*"process":\([0-9]*\).*/\1/p' "$1"/*.out); do
        while tr '\0' '\n' <"/proc/$process/cmdline" | grep -q "^$1/"; do
            [ $SECONDS -lt $deadline ] || kill -9 "$process"
            sleep 0.1
        done
    done
    rm -rf "$1"
}
