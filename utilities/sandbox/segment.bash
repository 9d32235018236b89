# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154  # Shared variables.
#
# A part of hwvxlan-sandbox: a segment, which answers for its VMs by itself.
#
#   namespace   devices
#   hwv-a,      tap3, tap4: to the segment's VMs, the wires of vm3 and vm4
#   hwv-b       br-int: vx-flow, the tunnel port of all segments
#   hwv-c       br1: a bridge of tap3, to the VM, and vxlan1
#   hwv-a3 ...  eth0: a VM of the segment; b4 moves to A as its vm4

SEGMENT=6001
SEGMENT_VMS="a3 b3 b4 c3"

VM_IP+=([a3]=10.0.1.13 [b3]=10.0.1.23 [b4]=10.0.1.24 [c3]=10.0.1.33)
VM_MAC+=([a3]=02:00:00:01:0a:03 [b3]=02:00:00:01:0b:03
         [b4]=02:00:00:01:0b:04 [c3]=02:00:00:01:0c:03)
MOVED_NEXT_HOP=02:00:00:00:fe:0c        # C's new MAC address.

# The whole scene.
show_segment () {
    build_segment
    ping_segment "every VM of VNI $SEGMENT pinged every other one"
    show_fdb
    move_vm
    change_next_hop
}

build_segment () {
    local vm host
    for vm in $SEGMENT_VMS; do
        add_vm "$vm"
        run ip -n "hwv-$vm" link set eth0 mtu 1450
    done
    # shellcheck disable=SC2086  # Several words.
    start_servers $SEGMENT_VMS
    for host in a b; do add_segment_port $host; done
    add_segment_vf a 3
    add_segment_vf b 3
    add_segment_vf b 4
    add_segment_to_kernel_host
    say "a segment, VNI $SEGMENT: one tunnel port, the VMs' options:vni, the" \
        "addresses of the other hosts"
}

# The tunnel port of all segments of HOST, and where the segment's broadcasts
# go: all that is ever configured.
add_segment_port () {
    local host=$1 peer vteps=
    for peer in ${HOSTS/$host/}; do
        vteps+=${vteps:+,}${VTEP_IPV4[$peer]}
    done
    set_ovs "$host" ovs-vsctl --timeout=20 add-port br-int vx-flow \
        -- set interface vx-flow type=vxlan options:remote_ip=flow \
        options:key=flow other_config:flood-$SEGMENT="\"$vteps\""
}

# add_segment_vf HOST N: VF N of HOST, a VM of the segment.
add_segment_vf () {
    set_wire "tap$2"
    set_ovs "$1" ovs-vsctl --timeout=20 add-port br-int "vm$2" -- \
        set interface "vm$2" type=hw-vxlan options:nic=pf0 options:vf="$2" \
        options:vni=$SEGMENT "${wire_options[@]}"
    check_interfaces "$1"
}

add_segment_to_kernel_host () {
    local peer
    run ip -n hwv-c link add br1 type bridge mcast_snooping 0
    run ip -n hwv-c link set br1 up
    run ip -n hwv-c link set tap3 master br1
    run ip -n hwv-c link add vxlan1 mtu 1450 type vxlan id $SEGMENT \
        dstport 4789 local "${VTEP_IPV4[c]}" dev up0
    in_ns c ethtool -K vxlan1 rx off tx off tso off gso off gro off
    run ip -n hwv-c link set vxlan1 master br1 up
    for peer in a b; do
        run bridge -n hwv-c fdb append 00:00:00:00:00:00 dev vxlan1 \
            dst "${VTEP_IPV4[$peer]}"
    done
}

# ping_segment WHAT: all pairs of the segment's VMs, twice; the first round may
# lose packets while host C's bridge learns.
ping_segment () {
    local lost
    ping_round segment-learn $SEGMENT_VMS
    ping_round segment-count $SEGMENT_VMS
    lost=$(grep -L ' 0% packet loss' "$STATE"/segment-count-* |
        sed 's/.*count-\(.*\)-\(.*\)/\1 to \2/' || :)
    test -z "$lost" || fail "VNI $SEGMENT: pings are lost:" "$lost" \
        "$(last_words)"
    say "$1, none lost"
}

show_fdb () {
    echo
    echo "host A: ovs-appctl hwvxlan/fdb-show $SEGMENT"
    ovs a ovs-appctl --timeout=10 hwvxlan/fdb-show $SEGMENT
    echo
}

# fdb_has HOST MAC PLACE: is MAC known at PLACE, a VTEP or a port's number?
fdb_has () {
    ovs "$1" ovs-appctl --timeout=10 hwvxlan/fdb-show $SEGMENT |
        grep -q "$2  *$3 "
}

# plug VM HOST N: VM becomes VF N of HOST, and tells so when its link comes up,
# as a hypervisor does for it.
plug () {
    local vm=$1 host=$2 n=$3
    add_veth "$host" "tap$n" "$vm" eth0
    run ip -n "hwv-$vm" link set eth0 address "${VM_MAC[$vm]}" down
    run ip -n "hwv-$vm" link set eth0 mtu 1450
    run ip -n "hwv-$vm" addr add "${VM_IP[$vm]}/24" dev eth0
    set_sysctl "$vm" ipv4/conf/eth0/arp_notify 1
    add_segment_vf "$host" "$n"
    run ip -n "hwv-$vm" link set eth0 up
}

# VM b4 leaves B and comes up again on A, with its addresses.
move_vm () {
    fdb_has a "${VM_MAC[b4]}" "${VTEP_IPV4[b]}" ||
        fail "host A does not know b4 behind host B"
    set_ovs b ovs-vsctl --timeout=20 del-port br-int vm4
    run ip -n hwv-b link del tap4
    plug b4 a 4
    ping_segment "b4 moved from host B to host A: every VM pinged every other"
    fdb_has a "${VM_MAC[b4]}" "$(ovs a ovs-vsctl --timeout=20 \
        get interface vm4 ofport)" && fdb_has b "${VM_MAC[b4]}" \
        "${VTEP_IPV4[a]}" || fail "the FDBs did not follow b4" \
        "$(ovs b ovs-appctl --timeout=10 hwvxlan/fdb-show $SEGMENT)"
    detail "host A knows it as its port vm4, host B behind ${VTEP_IPV4[a]}"
}

# Host C gets another MAC address in the middle of a transfer to it.
change_next_hop () {
    set_sysctl c ipv4/conf/up0/arp_notify 1
    background "$STATE/seconds" timeout 120 ip netns exec hwv-a3 \
        /usr/bin/python3 "$PARTS/tcp.py" send $((BULK_MB << 20)) \
        "${VM_IP[c3]}"
    run ip -n hwv-c link set up0 address $MOVED_NEXT_HOP
    wait_for_children || fail "the transfer did not survive a new MAC" \
        "address of host C" "$(tail -n 1 "$STATE/log")" "$(last_words)"
    ovs a ovs-appctl --timeout=10 hwvxlan/dump-tunnels > "$STATE/table"
    ! grep -q -F "${VTEP_MAC[c]}" "$STATE/table" ||
        fail "host A still sends to C's old MAC address" \
            "$(cat "$STATE/table")"
    say "host C changed its MAC address during a TCP transfer from a3:" \
        "content intact, the NIC sends to $MOVED_NEXT_HOP"
}
