#!/bin/bash
# Ends and clears away what a script started, however the script ends, kill -9 included. (Sourced.)
#
# A holder that the kernel kills when the script ends has the writing end of a pipe in the script's
# folder. Nodes read the other end with `prost run --lifeline` and leave when it closes; a janitor
# then removes the folder. (Were it the script's own, all its children would hold it too.)

# `hold_lifeline FOLDER`: the folder goes when the script does.
hold_lifeline() {
    mkfifo "$1/lifeline" || exit 73
    # Signals of the terminal are for the script, which may have something to say first.
    (
        trap '' INT TERM HUP
        # The script may have ended before its end was to be told.
        exec setpriv --pdeathsig KILL bash -c '[ "$PPID" = "$0" ] && exec sleep infinity' $$
    ) </dev/null >"$1/lifeline" 2>/dev/null &
    disown
    janitor "$1" <"$1/lifeline" >/dev/null 2>&1 &
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
