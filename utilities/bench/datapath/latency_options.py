# SPDX-License-Identifier: Apache-2.0

"""hwvxlan-bench latency: how long is a packet on its way?
usage: hwvxlan-bench latency [OPTION...]

Runs our ovs-vswitchd with hw-vxlan ports, stock OVS with dpdk ports, and
DPDK's testpmd, which only carries packets from one wire to the other, with the
same rules and on the same CPU, in turns.  The wires are DPDK's shared memory
interfaces; a program at their other ends writes the time into each packet that
it sends, and looks at it when the packet is back.

Two things are measured, in microseconds, as medians of the rounds:

  under load   "p50", "p99" and "p99.9" are the times that so many percent of
               the packets were not on their way for longer, "spread" the least
               and the greatest p99.9 of the rounds; "lost" is the part of the
               packets that did not come back, in percent, "hits" the part that
               the NIC handled, and "disturbed" the part that came back while
               the program had not had its CPU all the time: their times do
               not count
  new flows    "first" is the time of a flow's first packet, which OVS's
               userspace has to decide about, and "until hit" the time from
               when that was sent until the first packet of the same flow was
               sent that is a hit: in the NIC of ours, and in stock OVS's
               datapath, in which flows are made at once

  --systems=NAME,...    of ours, stock, testpmd (default: all)
  --directions=NAME,... encap, decap, switch, encap6, decap6, see
                        hwvxlan-bench datapath --help (default: encap,decap)
  --flows=N,...         destination MACs, each of which has a rule and a flow
                        (default: 256,65536)
  --frames=N,...        bytes of a frame, without an outer header (default: 64)
  --loads=N,...         packets a second (default: 1000000)
  --new-flows=N         in each round (default: 10)
  --rounds=N            of each system (default: 9)
  --seconds=S           of each load in each round (default: 1)
  --cpu=N               that polls (default: the last one)
  --memory=MB           of each system (default: 2048)
  --hugepages           the memory is of hugepages
  --quick               defaults are 256 flows, 3 rounds
  --json=FILE           write the results, one row for each system, point and
                        load, with the keys measured ("load"), system,
                        direction, flows, frame, load, p50, p99, p999, max
                        (nanoseconds), spread (greatest p999 less least),
                        rounds (the p999 of each), lost, disturbed, hits (null
                        but for ours), waited (percent of the time that others
                        had the CPU that polls), packets; and one for each
                        switch and point with measured ("new flows"), system,
                        direction, flows, frame, first, until_hit (lists, of
                        nanoseconds)
  --ovs-vswitchd=FILE   ours (default: the one that was built in
                        $HWVXLAN_BUILD or in _build/, or the installed one)
  --stock=FILE          stock OVS's ovs-vswitchd, with DPDK (default: that of
                        Debian's package openvswitch-switch-dpdk)
  --testpmd=FILE        (default: dpdk-testpmd in PATH)
  -h, --help            show this

Nothing else should run meanwhile: of two CPUs one polls, and the other one has
the program at the ends of the wires and everything else.  The exit status is 1
if nothing could be measured.
"""

import network
import traffic
from arguments import (Parser, SYSTEMS, choose_cpus, fail, name, number,
                       program, several)

MOST_TIMES = 1 << 24            # That the program can keep.
MOST_FLOWS = 65536


def parse(args):
    # --quick changes the defaults of the others, wherever it is.
    quick = '--quick' in args
    parser = Parser('latency', __doc__)
    parser.add_machine()
    add = parser.add_argument
    add('--quick', action='store_true')
    add('--systems', type=several(name(SYSTEMS)), default=list(SYSTEMS))
    add('--directions', type=several(name(tuple(network.DIRECTIONS))),
        default=['encap', 'decap'])
    add('--flows', type=several(number(1, MOST_FLOWS)),
        default=[256] if quick else [256, 65536])
    add('--frames', type=several(number(traffic.LEAST_FRAME,
                                        traffic.GREATEST_FRAME)),
        default=[64])
    add('--loads', type=several(number(1, MOST_TIMES)), default=[1000000])
    add('--new-flows', type=number(0, 1000), default=10)
    add('--rounds', type=number(1, 60), default=3 if quick else 9)
    add('--seconds', type=number(.1, 600, float), default=1)
    # That of hwvxlan-bench, which knows where it is.
    add('--probe', type=program, required=True)
    options = parser.parse_args(args)
    options.cpus = choose_cpus(options.cpu, 1)
    if max(options.loads) * options.seconds > MOST_TIMES:
        fail('--loads: %d packets a second for %g seconds are more than the '
             '%d whose times can be kept; try less --seconds'
             % (max(options.loads), options.seconds, MOST_TIMES))
    return options
