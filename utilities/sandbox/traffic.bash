# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154  # Shared variables.
#
# A part of hwvxlan-sandbox: the traffic, and what is counted of it.

BULK_MB=1024                    # The long transfer: few of its packets are
                                # there before its flows are in the NIC.
MESH_MB=2                       # Each of those between all VMs.

# ping_hosts FAMILY: each host asks for each other one, which tells OVS the MAC
# addresses of the next hops.
ping_hosts () {
    local -n vtep=VTEP_${1^^}
    local host peer
    for host in a b; do
        for peer in ${HOSTS/$host/}; do
            for _ in {1..15}; do
                background "$STATE/ping-hosts" ip netns exec hwv-$host \
                    ping -c 1 -W 1 "${vtep[$peer]}"
                if wait_for_children; then continue 2; fi
                sleep 0.2
            done
            fail "host ${host^^} does not reach host ${peer^^}" \
                "over the $1 underlay" "$(last_words)"
        done
    done
    say "$1 underlay: the hosts reach one another"
}

# ping_round NAME VM...: all pairs of these VMs at once.
ping_round () {
    local name=$1 from to
    shift
    for from; do
        for to; do
            test "$from" != "$to" || continue
            background "$STATE/$name-$from-$to" ip netns exec "hwv-$from" \
                ping -q -n -c 5 -i 0.2 -W 2 "${VM_IP[$to]}"
        done
    done
    wait_for_children || :
}

# ping_vms FAMILY: a first round may lose packets, while bridges and neighbours
# learn.
ping_vms () {
    local lost
    ping_round learn $VMS
    ping_round count $VMS
    lost=$(grep -L ' 0% packet loss' "$STATE"/count-* |
        sed 's/.*count-\(.*\)-\(.*\)/\1 to \2/' || :)
    test -z "$lost" ||
        fail "$1 underlay: pings are lost:" "$lost" "$(last_words)"
    say "$1 underlay: all 5 VMs pinged one another, 100 pings, none lost"
}

start_servers () {
    local vm
    for vm; do
        start "$vm" tcp.py "$STATE/log" /usr/bin/python3 "$PARTS/tcp.py" serve
    done
}

# tcp_send FROM MB TO...: leaves the seconds of the last transfer in $seconds.
tcp_send () {
    local from=$1 bytes=$(($2 << 20)) to ips=()
    for to in "${@:3}"; do ips+=("${VM_IP[$to]}"); done
    background "$STATE/seconds" timeout 120 ip netns exec "hwv-$from" \
        /usr/bin/python3 "$PARTS/tcp.py" send $bytes "${ips[@]}"
    wait_for_children || fail "TCP from $from to ${*:3} failed:" \
        "$(tail -n 1 "$STATE/log")" "$(last_words)"
    seconds=$(tail -n 1 "$STATE/seconds")
}

# tcp_mesh FAMILY
tcp_mesh () {
    local from
    for from in $VMS; do
        # shellcheck disable=SC2086  # Several words.
        tcp_send "$from" $MESH_MB ${VMS/$from/}
    done
    say "$1 underlay: all 5 VMs ran TCP with one another, 20 times" \
        "$MESH_MB MB, content intact"
}

# kernel_count NAME DEV: what the kernel's device received and sent.
kernel_count () {
    ip -n "hwv-$1" -s link show "$2" | awk '
        /RX:/ { getline; rx = $2 }
        /TX:/ { getline; tx = $2 }
        END { print rx, tx }'
}

# port_count HOST BRIDGE PORT: the same of a port of OVS's.
port_count () {
    ovs "$1" ovs-ofctl --timeout=10 dump-ports "$2" "$3" | awk -F '[=,]' '
        /rx pkts=/ { rx = $2 }
        /tx pkts=/ { tx = $2 }
        END { print rx + 0, tx + 0 }'
}

# rule_count HOST FLOW: the packets that br-phy's rules for FLOW counted.
rule_count () {
    ovs "$1" ovs-ofctl --timeout=10 dump-aggregate br-phy "$2" |
        sed -n 's/.*packet_count=\([0-9]*\).*/\1/p'
}

# tunnel_count HOST: the encapsulated packets that HOST received from host C,
# and sent to it.
tunnel_count () {
    local v4=${VTEP_IPV4[c]} v6=${VTEP_IPV6[c]}
    echo $(($(rule_count "$1" udp,nw_src="$v4") +
            $(rule_count "$1" udp6,ipv6_src="$v6"))) \
        $(($(rule_count "$1" udp,nw_dst="$v4") +
           $(rule_count "$1" udp6,ipv6_dst="$v6")))
}

# pmd_count HOST: the packets that OVS's own threads were handed.
pmd_count () {
    ovs "$1" ovs-appctl --timeout=10 dpif-netdev/pmd-stats-show |
        awk '/packets received:/ { n += $3 } END { print n + 0 }'
}

# nic_count HOST: the packets that the NIC handled by itself, and those that it
# left to OVS, of its ports.  OpenFlow 1.4 is the first to have them.
nic_count () {
    {
        ovs "$1" ovs-ofctl -O OpenFlow14 --timeout=10 dump-ports br-phy pf0
        ovs "$1" ovs-ofctl -O OpenFlow14 --timeout=10 dump-ports br-int
    } | tr -s ' ,' '\n' | awk -F = '
        /^rx_hits=/ { hits += $2 }
        /^rx_miss_/ { misses += $2 }
        END { print hits + 0, misses + 0 }'
}

kernel_counts () {
    echo "$(kernel_count c vxlan0) $(kernel_count net to-a)"
}

# Sets $counts to all that are compared.  Those of a moment without traffic can
# be, and OVS knows those of a flow after its revalidators have looked.
count () {
    local kernel='' host
    for _ in {1..20}; do
        sleep 0.5
        if test "$kernel" = "$(kernel_counts)"; then
            for host in a b; do
                set_ovs $host ovs-appctl --timeout=20 revalidator/wait
            done
            counts="$kernel $(tunnel_count a) $(tunnel_count b)"
            counts+=" $(port_count a br-phy pf0) $(pmd_count a)"
            if test "$kernel" = "$(kernel_counts)"; then return 0; fi
        fi
        kernel=$(kernel_counts)
    done
    fail "the traffic of the VMs does not end"
}

# long_transfer FAMILY: one transfer from A to C, counted on all sides.
long_transfer () {
    local before after i difference=() nic_before nic_after
    count
    read -r -a before <<< "$counts"
    read -r -a nic_before <<< "$(nic_count a)"
    set_ovs a ovs-appctl --timeout=10 dpif-netdev/pmd-stats-clear
    before[-1]=0
    tcp_send a1 $BULK_MB c1
    count
    read -r -a after <<< "$counts"
    for i in "${!after[@]}"; do
        difference+=($((after[i] - before[i])))
    done
    say "$1 underlay: a long TCP transfer from a1 to c1, $BULK_MB MB in" \
        "$seconds s, content intact"
    judge "$1" "${difference[@]}"
    read -r -a nic_after <<< "$(nic_count a)"
    detail "of A's packets the NIC handled" \
        "$((nic_after[0] - nic_before[0])) by itself, and OVS the other" \
        "$((nic_after[1] - nic_before[1]))"
}

# judge FAMILY COUNT...: the counts are those of count(), of one transfer.
judge () {
    local family=$1 c_rx=$2 c_tx=$3 net_rx=$4 net_tx=$5
    local tunnels_rx=$(($6 + $8)) tunnels_tx=$(($7 + $9))
    local pf_rx=${10} pf_tx=${11} pmd=${12} all=$(($2 + $3)) agree=true
    detail "$(printf '%-42s %10s %10s' packets kernel OVS+NIC)"
    compare "to C's vxlan device, from A and B" "$c_rx" $tunnels_tx
    compare "from C's vxlan device, to A and B" "$c_tx" $tunnels_rx
    compare "from A, on the link to the underlay" "$net_rx" "$pf_tx"
    compare "to A, on the link to the underlay" "$net_tx" "$pf_rx"
    $agree || fail "$family underlay: the kernel's counters and ours differ"
    detail "packets that OVS's threads on A received: $pmd," \
        "$(percent "$pmd" $all) % of what C's vxlan device counted"
    test $((pmd * 100)) -le $all || fail "$family underlay: more than 1 %" \
        "went through OVS; hwvxlan/dump-rejected may tell why"
}

# compare WHAT THEIRS OURS: clears $agree if they differ.
compare () {
    detail "$(printf '%-42s %10d %10d  difference %d' "$@" $(($2 - $3)))"
    test "$2" = "$3" || agree=false
}

# Says in plain words who handled the packets of all that ran.
say_who_did_it () {
    local host hits misses
    for host in a b; do
        read -r hits misses <<< "$(nic_count $host)"
        echo "Host ${host^^}: of $((hits + misses)) packets the NIC handled" \
            "$hits by itself ($(percent "$hits" $((hits + misses))) %)," \
            "and OVS the other $misses."
    done
}

# percent PART ALL
percent () {
    awk -v part="$1" -v all="$2" \
        'BEGIN { printf "%.2f", all ? 100 * part / all : 0 }'
}
