# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154  # Shared variables.
#
# A part of hwvxlan-sandbox: the hosts, the VMs, and the network between them.
#
#   namespace   devices
#   hwv-net     br0: the underlay, a bridge of to-a, to-b and to-c
#   hwv-a,      up0: to the underlay, the wire of the NIC's port pf0
#   hwv-b       tap1, tap2: to the VMs, the wires of its ports vm1 and vm2
#               br-phy: OVS's bridge with pf0; has the VTEP addresses
#               br-int: OVS's bridge with vm1, vm2 and the vxlan ports
#   hwv-c       up0: to the underlay; has the VTEP addresses
#               br0: a bridge of tap1, to the VM, and vxlan0
#   hwv-a1 ...  eth0: a VM, named by its host and its VF's number

HOSTS="a b c"
VMS="a1 a2 b1 b2 c1"
VNI=5001

declare -A VM_IP=([a1]=10.0.0.11 [a2]=10.0.0.12 [b1]=10.0.0.21
                  [b2]=10.0.0.22 [c1]=10.0.0.31)
declare -A VM_MAC=([a1]=02:00:00:00:0a:01 [a2]=02:00:00:00:0a:02
                   [b1]=02:00:00:00:0b:01 [b2]=02:00:00:00:0b:02
                   [c1]=02:00:00:00:0c:01)
declare -A VTEP_IPV4=([a]=192.0.2.1 [b]=192.0.2.2 [c]=192.0.2.3)
declare -A VTEP_IPV6=([a]=2001:db8::1 [b]=2001:db8::2 [c]=2001:db8::3)
declare -A VTEP_MAC=([a]=02:00:00:00:ff:0a [b]=02:00:00:00:ff:0b
                     [c]=02:00:00:00:ff:0c)

# add_namespace NAME: IPv6 is off, because each address that a device gives
# itself sends frames of its own.
add_namespace () {
    echo "hwv-$1" >> "$STATE/namespaces"
    run ip netns add "hwv-$1"
    if test -d /proc/sys/net/ipv6; then
        set_sysctl "$1" ipv6/conf/all/disable_ipv6 1
        set_sysctl "$1" ipv6/conf/default/disable_ipv6 1
    fi
    run ip -n "hwv-$1" link set lo up
}

# add_veth NAME DEV NAME2 DEV2: joins two namespaces.  All offloads are off, so
# that a frame is what a wire carries, checksums included, and the kernel
# counts the frames that we count.
add_veth () {
    run ip link add "$2" netns "hwv-$1" type veth \
        peer name "$4" netns "hwv-$3"
    while test $# -gt 0; do
        in_ns "$1" ethtool -K "$2" rx off tx off tso off gso off gro off \
            tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off
        run ip -n "hwv-$1" link set "$2" up
        shift 2
    done
}

# try_device KIND OPTION...
try_device () {
    ip -n hwv-net link add try0 type "$@" 2>> "$STATE/log" ||
        fail "the kernel does not make a $1 device; try 'modprobe $1'"
    run ip -n hwv-net link del try0
}

add_underlay () {
    local host
    add_namespace net
    try_device bridge
    try_device vxlan external
    run ip -n hwv-net link add br0 type bridge mcast_snooping 0
    run ip -n hwv-net link set br0 up
    for host in $HOSTS; do
        add_namespace "$host"
        add_veth net "to-$host" "$host" up0
        run ip -n hwv-net link set "to-$host" master br0
    done
}

# The sockets behind the wires hold about 90 frames, as the queue of any NIC
# has its limit.  With a receive window of less, TCP loses nothing here, and
# one side has to count exactly what the other one sent.
add_vm () {
    local vm=$1 host=${1%?} dev=tap${1#?}
    add_namespace "$vm"
    add_veth "$host" "$dev" "$vm" eth0
    run ip -n "hwv-$vm" link set eth0 address "${VM_MAC[$vm]}"
    run ip -n "hwv-$vm" addr add "${VM_IP[$vm]}/24" dev eth0
    set_sysctl "$vm" ipv4/tcp_rmem "4096 65536 65536"
}

# add_addresses HOST DEV: the host's VTEP addresses.
add_addresses () {
    run ip -n "hwv-$1" link set "$2" address "${VTEP_MAC[$1]}" up
    run ip -n "hwv-$1" addr add "${VTEP_IPV4[$1]}/24" dev "$2"
    if test -d /proc/sys/net/ipv6; then
        set_sysctl "$1" "ipv6/conf/$2/disable_ipv6" 0
        run ip -n "hwv-$1" addr add "${VTEP_IPV6[$1]}/64" dev "$2" nodad
    fi
}

add_kernel_host () {
    add_addresses c up0
    run ip -n hwv-c link add br0 type bridge mcast_snooping 0
    run ip -n hwv-c link set br0 up
    run ip -n hwv-c link set tap1 master br0
}

# ovs HOST PROGRAM...: runs a program of OVS's for that host's OVS.
ovs () {
    local host=$1
    shift
    OVS_RUNDIR="$STATE/$host" timeout 30 "$@"
}

# set_ovs HOST PROGRAM...: the same, with its output into the log; or fails.
set_ovs () {
    local host=$1
    shift
    note "host ${host^^}: $*"
    ovs "$host" "$@" >> "$STATE/log" 2>&1 ||
        fail "host ${host^^}: failed: $*" "$(tail -n 1 "$STATE/log")" \
            "$(last_words)"
}

# start_ovs HOST CPU
start_ovs () {
    local host=$1 dir="$STATE/$1" cpu=$2
    mkdir -p "$dir"
    cat > "$dir/env" <<END
# After ". $dir/env", OVS's programs are about host ${host^^}.
export OVS_RUNDIR=$dir
PATH=$PATH
END
    run ovsdb-tool create "$dir/conf.db" "$schema"
    start "$host" ovsdb-server "$dir/stderr" env OVS_RUNDIR="$dir" \
        ovsdb-server --remote=punix:"$dir/db.sock" --pidfile \
        -vconsole:warn -vsyslog:off -vfile:off "$dir/conf.db"
    await 10 "ovsdb-server on host ${host^^}" "$started" test -S "$dir/db.sock"
    # The VMs need the CPUs, too: an idle thread that polls sleeps for 50 us.
    set_ovs "$host" ovs-vsctl --no-wait --timeout=10 -- init -- set \
        Open_vSwitch . other_config:hw-offload=true \
        other_config:pmd-cpu-mask="$(printf '0x%x' $((1 << cpu)))" \
        other_config:pmd-maxsleep=50
    if test "$wire" = dpdk; then
        set_ovs "$host" ovs-vsctl --no-wait --timeout=10 set Open_vSwitch . \
            other_config:dpdk-init=true other_config:dpdk-extra="--no-pci \
--no-telemetry --legacy-mem --no-huge -m 512 --file-prefix=hwv-sandbox-$host"
    fi
    start "$host" ovs-vswitchd "$dir/stderr" env OVS_RUNDIR="$dir" \
        "$vswitchd" unix:"$dir/db.sock" --pidfile -vconsole:off -vsyslog:off \
        --log-file="$dir/ovs-vswitchd.log"
    await 30 "ovs-vswitchd on host ${host^^}" "$started" \
        env OVS_RUNDIR="$dir" ovs-appctl --timeout=2 version
}

# set_wire DEV: sets $wire_options to those of a port of ours that reaches the
# kernel's device DEV.
set_wire () {
    case $wire in
    system) wire_options=(options:wire=system options:wire-dev="$1") ;;
    dpdk) wire_options=(options:wire=dpdk
              options:dpdk-devargs="net_af_packet_$1,iface=$1") ;;
    esac
}

# The ports of the NIC: the uplink on one bridge, the VMs' on the other.
add_nic_ports () {
    local host=$1 n
    set_wire up0
    set_ovs "$host" ovs-vsctl --timeout=20 add-port br-phy pf0 -- \
        set interface pf0 type=hw-vxlan "${wire_options[@]}"
    for n in 1 2; do
        set_wire tap$n
        set_ovs "$host" ovs-vsctl --timeout=20 add-port br-int vm$n -- \
            set interface vm$n type=hw-vxlan options:nic=pf0 options:vf=$n \
            "${wire_options[@]}"
    done
}

# Tunnel ports are protected: what came in by one must not leave by another, as
# each host reaches each other one by itself.
add_tunnels () {
    local host=$1 peer
    for peer in ${HOSTS/$host/}; do
        set_ovs "$host" ovs-vsctl --timeout=20 add-port br-int "vx-$peer" \
            -- set port "vx-$peer" protected=true \
            -- set interface "vx-$peer" type=vxlan options:key=$VNI \
            options:remote_ip="${VTEP_IPV4[$peer]}"
        add_counting_rules "$host" "$peer"
    done
}

# On br-phy, rules that do what it does anyway, but count the encapsulated
# packets to and from each other host.
add_counting_rules () {
    local host=$1 peer=$2 side
    for side in dst src; do
        set_ovs "$host" ovs-ofctl --timeout=10 add-flow br-phy \
            "udp,nw_$side=${VTEP_IPV4[$peer]},tp_dst=4789,actions=NORMAL"
        set_ovs "$host" ovs-ofctl --timeout=10 add-flow br-phy \
            "udp6,ipv6_$side=${VTEP_IPV6[$peer]},tp_dst=4789,actions=NORMAL"
    done
}

# add_ovs_host HOST CPU
add_ovs_host () {
    local host=$1
    start_ovs "$host" "$2"
    set_ovs "$host" ovs-vsctl --timeout=20 \
        -- add-br br-phy -- set bridge br-phy datapath_type=netdev \
        other_config:hwaddr=\""${VTEP_MAC[$host]}"\" \
        -- add-br br-int -- set bridge br-int datapath_type=netdev
    # up0 and br-phy, which has the addresses, are in the same namespace: only
    # br-phy must answer for them.
    set_sysctl "$host" ipv4/conf/all/arp_ignore 1
    add_nic_ports "$host"
    add_addresses "$host" br-phy
    add_tunnels "$host"
    check_interfaces "$host"
}

check_interfaces () {
    local errors
    errors=$(ovs "$1" ovs-vsctl --timeout=10 -f table --columns=name,error \
                 --no-headings find interface 'error!=[]')
    test -z "$errors" ||
        fail "host ${1^^}: OVS does not accept these interfaces:" "$errors"
}

# set_underlay FAMILY: makes the tunnels use these addresses, while everything
# runs.
set_underlay () {
    local family=$1 host peer vm mtu=1450
    local -n vtep=VTEP_${family^^}
    if test "$family" = IPv6; then mtu=1430; fi
    for vm in $VMS; do
        run ip -n "hwv-${vm%?}" link set "tap${vm#?}" mtu $mtu
        run ip -n "hwv-$vm" link set eth0 mtu $mtu
    done
    for host in a b; do
        for peer in ${HOSTS/$host/}; do
            set_ovs $host ovs-vsctl --timeout=20 set interface "vx-$peer" \
                options:remote_ip="\"${vtep[$peer]}\""
        done
        check_interfaces $host
    done
    if test -e "$STATE/vxlan0"; then run ip -n hwv-c link del vxlan0; fi
    run ip -n hwv-c link add vxlan0 mtu $mtu type vxlan id $VNI dstport 4789 \
        local "${vtep[c]}" dev up0
    touch "$STATE/vxlan0"
    in_ns c ethtool -K vxlan0 rx off tx off tso off gso off gro off
    run ip -n hwv-c link set vxlan0 master br0 up
    for peer in a b; do
        run bridge -n hwv-c fdb append 00:00:00:00:00:00 dev vxlan0 \
            dst "${vtep[$peer]}"
    done
}
