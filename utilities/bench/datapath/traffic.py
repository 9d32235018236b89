# SPDX-License-Identifier: Apache-2.0

"""The frames that come in, which are repeated for ever."""

import collections
import itertools
import random

import network
import packets

ZIPF_EXPONENT = 0.99
# Frames to draw from Zipf's law: enough for its tail, and no more than half of
# the buffers that a switch has.
ZIPF_LEAST, ZIPF_PER_FLOW, MOST_FRAMES = 4096, 4, 131072
# How many frames of each length there are among twelve.
IMIX = {64: 7, 576: 4, 1500: 1}
LEAST_FRAME, GREATEST_FRAME = 64, 1500
VLAN = 100                      # Of frames that no NIC entry is for.
SERVICE = 5201                  # The inner destination port.
OUTER_PORT = 50000              # Where other VTEPs send from.
SEED = 1


class Point(collections.namedtuple(
        'Point', 'direction flows frame distribution miss')):
    """What one measurement is about: 'frame' is a length or 'imix', 'miss' is
    in percent."""

    def __str__(self):
        return '%s, %d flows, %s, %s, miss %g %%' % (
            self.direction, self.flows,
            self.frame if self.frame == 'imix' else '%d bytes' % self.frame,
            self.distribution, self.miss)


class Traffic:
    """'frames' are what comes in, 'inner' what each of them is without an
    outer header, and 'kinds' the different (flow, whether it is tagged).
    There are rules for 'n_stations' flows, which may be more."""

    def __init__(self, point):
        self.point = point
        self.n_stations = point.flows
        draw = random.Random(SEED)
        self.flows = draw_flows(point, draw)
        lengths = draw_lengths(point.frame, len(self.flows), draw)
        tags = spread_tags(point.miss, len(self.flows))
        self.kinds = set(zip(self.flows, tags))
        self.tagged = sum(tags)
        self.inner = [inner_frame(*args)
                      for args in zip(self.flows, lengths, tags)]
        self.frames = [wire_frame(point.direction, flow, frame)
                       for flow, frame in zip(self.flows, self.inner)]

    def expected_hits(self):
        """The part of the frames that the NIC can know."""
        return 1 - self.tagged / len(self.frames)


def draw_flows(point, draw):
    """The flow of each frame."""
    if point.distribution == 'uniform':
        flows = list(range(point.flows))
        draw.shuffle(flows)
        return flows
    weights = itertools.accumulate(
        (rank + 1) ** -ZIPF_EXPONENT for rank in range(point.flows))
    n = min(max(ZIPF_PER_FLOW * point.flows, ZIPF_LEAST), MOST_FRAMES)
    return draw.choices(range(point.flows), cum_weights=list(weights), k=n)


def draw_lengths(frame, n, draw):
    if frame != 'imix':
        return n * [frame]
    mix = [length for length, times in IMIX.items() for _ in range(times)]
    lengths = (mix * (n // len(mix) + 1))[:n]
    draw.shuffle(lengths)
    return lengths


def spread_tags(percent, n):
    """Which frames have a VLAN tag: evenly, as the flows are in no order."""
    return [int(i * percent / 100) != int((i + 1) * percent / 100)
            for i in range(n)]


def inner_frame(flow, length, tagged):
    """From the VM to the station of a flow.  With a tag it is as long as
    without."""
    src, dst = '10.0.0.1', '10.%d.%d.%d' % tuple((flow + (1 << 16))
                                                 .to_bytes(3, 'big'))
    size = length - 14 - 20 - 8 - (4 if tagged else 0)
    payload = (flow.to_bytes(4, 'big') * (size // 4 + 1))[:size]
    datagram = packets.udp(1024 + flow % 60000, SERVICE, payload, (src, dst))
    return packets.ethernet(network.station_mac(flow), network.VM_MAC,
                            packets.ETH_IPV4,
                            packets.ipv4(src, dst, datagram),
                            VLAN if tagged else None)


def wire_frame(direction, flow, inner):
    """What comes in where 'inner' is meant."""
    if direction.startswith('decap'):
        return outer_frame(flow, network.underlay(direction), inner)
    return inner


def outer_frame(flow, version, inner):
    """As the VTEP of a flow sends it to us."""
    vtep = network.vtep_of(flow)
    src = network.vtep_address(vtep, version)
    dst = network.OUR_ADDRESS[version]
    datagram = packets.udp(OUTER_PORT + flow % 8192, network.VXLAN_PORT,
                           packets.vxlan(network.VNI, inner),
                           (src, dst) if version == 6 else None)
    ip, ethertype = {4: (packets.ipv4, packets.ETH_IPV4),
                     6: (packets.ipv6, packets.ETH_IPV6)}[version]
    return packets.ethernet(network.OUR_MAC, network.vtep_mac(vtep),
                            ethertype, ip(src, dst, datagram))
