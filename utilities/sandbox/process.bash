# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154  # Shared variables.
#
# A part of hwvxlan-sandbox: saying, running, and ending what was started.
#
# What exists because of us is written down in $STATE (processes, namespaces)
# before it is made, so that it can be removed whatever happens, by a later run
# if need be.

STATE=/run/hwvxlan-sandbox
LOCK=/run/hwvxlan-sandbox.lock

owner=false                     # Is what is in "$STATE" ours to remove?
children=                       # Processes that we wait for.

say () {
    printf '[%2d s] %s\n' $SECONDS "$*"
}

detail () {
    printf '       %s\n' "$*"
}

# fail LINE...: empty lines are left out.
fail () {
    local line begin="hwvxlan-sandbox: "
    for line; do
        # What programs said may have several lines itself.
        test -z "$line" || echo "$begin${line//$'\n'/$'\n'    }" >&2
        begin="    "
    done
    exit 1
}

note () {
    if $owner; then echo "+ $*" >> "$STATE/log"; fi
    if $verbose; then echo "+ $*" >&2; fi
}

# run COMMAND...: runs it with its output into the log; or fails.
run () {
    local status=0
    note "$*"
    timeout 30 "$@" >> "$STATE/log" 2>&1 || status=$?
    case $status in
    0) ;;
    124) fail "gave up after 30 s: $*" "$(last_words)" ;;
    *) fail "failed: $*" "$(tail -n 2 "$STATE/log")" ;;
    esac
}

# The last warnings of each ovs-vswitchd, for a message.
last_words () {
    local host
    for host in a b; do
        grep -h -E '\|(WARN|ERR|EMER)\|' "$STATE/$host/ovs-vswitchd.log" \
            2> /dev/null | tail -n 3 | sed "s/^/host ${host^^}: /" || :
    done
}

# in_ns NAME COMMAND...
in_ns () {
    local name=$1
    shift
    run ip netns exec "hwv-$name" "$@"
}

# set_sysctl NAME KEY VALUE: KEY is a path below net/.
set_sysctl () {
    # shellcheck disable=SC2016  # The inner shell expands.
    in_ns "$1" sh -c 'echo "$2" > "/proc/sys/net/$1"' sh "$2" "$3"
}

# start NAME WHAT LOG COMMAND...: starts COMMAND, called WHAT in messages, in
# the namespace hwv-NAME, and leaves its process id in $started.
start () {
    local name=$1 what=$2 log=$3
    shift 3
    note "ip netns exec hwv-$name $* &"
    setsid ip netns exec "hwv-$name" "$@" < /dev/null >> "$log" 2>&1 9>&- &
    started=$!
    echo "$started $(start_time $started) $what in hwv-$name" >> "$STATE/pids"
}

# start_time PID: a process is known by this too, so that we never end another
# one that has got the id since.
start_time () {
    local stat
    stat=$(cat "/proc/$1/stat" 2> /dev/null) || return 0
    # Field 22, counted after the program's name, which may have blanks.
    awk '{ print $20 }' <<< "${stat##*) }"
}

# await SECONDS WHAT PID COMMAND...: until COMMAND succeeds or PID ends.
await () {
    local end=$((SECONDS + $1)) what=$2 pid=$3
    shift 3
    until "$@" > /dev/null 2>&1; do
        test -d "/proc/$pid" ||
            fail "$what ended" "$(tail -n 5 "$STATE"/?/stderr)" "$(last_words)"
        test $SECONDS -lt $end || fail "$what does not answer" "$(last_words)"
        sleep 0.1
    done
}

# background FILE COMMAND...: runs it with its output into FILE, in a way that
# a signal to us ends at once.
background () {
    local file=$1
    shift
    note "$*"
    "$@" > "$file" 2>> "$STATE/log" &
    children+=" $!"
}

# Waits for all of them, and fails if one of them did.
wait_for_children () {
    local pid status=0
    for pid in $children; do
        wait "$pid" || status=$?
    done
    children=
    return $status
}

is_ours () {
    local now
    now=$(start_time "$1")
    test -n "$now" && test "$now" = "$2"
}

# Ends the processes in $STATE/pids, those started last first.
end_processes () {
    local pid since
    test -e "$STATE/pids" || return 0
    tac "$STATE/pids" > "$STATE/pids.reversed"
    while read -r pid since _; do
        if is_ours "$pid" "$since"; then kill "$pid" 2> /dev/null || :; fi
    done < "$STATE/pids.reversed"
    while read -r pid since _; do
        for _ in {1..50}; do
            is_ours "$pid" "$since" || continue 2
            sleep 0.1
        done
        kill -9 "$pid" 2> /dev/null || :
    done < "$STATE/pids.reversed"
}

tear_down () {
    local name
    end_processes
    if test -e "$STATE/namespaces"; then
        while read -r name; do
            ip netns del "$name" 2> /dev/null || :
        done < "$STATE/namespaces"
    fi
    rm -rf "$STATE" /run/dpdk/hwv-sandbox-a /run/dpdk/hwv-sandbox-b
    rmdir /run/dpdk 2> /dev/null || :
}

# Keeps what may explain a failure.
save_logs () {
    local host table dir
    dir=$(mktemp -d -t hwvxlan-sandbox.XXXXXX)
    cp "$STATE/log" "$dir/commands.log"
    for host in a b; do
        test -e "$STATE/$host/ovs-vswitchd.log" || continue
        cp "$STATE/$host/ovs-vswitchd.log" "$dir/host-$host.log"
        for table in hwvxlan/show hwvxlan/dump-tunnels hwvxlan/dump-sources \
            hwvxlan/dump-flows hwvxlan/dump-rejected dpctl/dump-flows
        do
            echo "ovs-appctl $table"
            ovs $host ovs-appctl --timeout=5 $table || break
            echo
        done > "$dir/tables-$host.log" 2>&1
    done
    echo "hwvxlan-sandbox: logs and tables are in $dir" >&2
}

# A daemon that ended by itself is the cause of whatever failed.
say_who_ended () {
    local pid since what
    while read -r pid since what; do
        is_ours "$pid" "$since" || echo "hwvxlan-sandbox: $what ended" >&2
    done < "$STATE/pids"
}

# Runs at every exit: nothing that we made outlives us, unless it is kept.
at_exit () {
    local status=$? pid
    trap '' HUP INT TERM
    for pid in $children; do kill "$pid" 2> /dev/null || :; done
    # Whoever interrupts us knows the cause.
    if test $status != 0 && test $status != 130; then
        if test -e "$STATE/pids"; then say_who_ended; fi
        save_logs || :
    fi
    if $keep && test $status != 130; then
        touch "$STATE/kept"
        say_how_to_step_in
    else
        tear_down
        rm -f $LOCK
    fi
    exit $status
}

# Only one of us at a time.  The lock goes with the process that holds it.
take_lock () {
    exec 9> $LOCK
    if ! flock -n 9 || test ! /proc/self/fd/9 -ef $LOCK; then
        fail "one is running right now; wait for it, or end it"
    fi
}

# Makes $STATE ours.  One that is neither locked nor marked as kept was left by
# a run that was killed.
claim () {
    local name
    take_lock
    if test -e "$STATE/kept"; then
        fail "one is running already, as --keep left it; this ends it:" \
            "$HERE/hwvxlan-sandbox --stop"
    elif test -d "$STATE"; then
        say "removing what an earlier run was not able to remove"
        tear_down
    fi
    for name in net $HOSTS $VMS $SEGMENT_VMS; do
        test ! -e "/run/netns/hwv-$name" ||
            fail "there is a network namespace hwv-$name, which is not ours;" \
                "if nobody needs it: ip netns del hwv-$name"
    done
    mkdir -p "$STATE"
    : > "$STATE/log"
    owner=true
    trap at_exit EXIT
    trap 'exit 130' HUP INT TERM
}

stop_kept () {
    need_root
    take_lock
    if test -d "$STATE"; then
        tear_down
        echo "hwvxlan-sandbox: stopped"
    else
        echo "hwvxlan-sandbox: none is running"
    fi
    rm -f $LOCK
}
