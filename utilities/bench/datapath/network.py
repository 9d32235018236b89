# SPDX-License-Identifier: Apache-2.0

"""Who is where in the network that is measured.  The traffic and the switches'
configuration are made from it.

    vm1, vm2 -- br-int -- vx0 ... vx15     tunnels to VTEPs, all of one VNI
                br-phy -- pf0              the uplink; br-phy is our VTEP
"""

import functools
import ipaddress

VNI = 5001
VXLAN_PORT = 4789
VTEPS = 16
VM_MAC = '02:00:00:00:00:01'    # Sends to, and is behind, all VTEPs.
OUR_MAC = '02:00:00:00:ff:01'   # That of br-phy.
OUR_ADDRESS = {4: '192.0.2.1', 6: '2001:db8::1'}
PREFIX = {4: 24, 6: 64}
UPLINK_MTU = 1600               # An inner frame of 1500 bytes, and IPv6.

# What a packet does, and the ports that it enters and leaves by.
DIRECTIONS = {
    'encap': ('vm1', 'pf0'),
    'decap': ('pf0', 'vm1'),
    'switch': ('vm1', 'vm2'),
    'encap6': ('vm1', 'pf0'),
    'decap6': ('pf0', 'vm1'),
}


def underlay(direction):
    """The IP version of the underlay."""
    return 6 if direction.endswith('6') else 4


def vtep_of(flow):
    return flow % VTEPS


def vtep_mac(vtep):
    return '02:00:00:00:fe:%02x' % vtep


@functools.lru_cache
def vtep_address(vtep, version):
    return str(ipaddress.ip_address(OUR_ADDRESS[version]) + 1 + vtep)


def station_mac(flow):
    """The destination of a flow."""
    return '02:01:' + flow.to_bytes(4, 'big').hex(':')
