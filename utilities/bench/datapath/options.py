# SPDX-License-Identifier: Apache-2.0

"""hwvxlan-bench datapath: how many cycles does a packet take?
usage: hwvxlan-bench datapath [OPTION...]

Runs our ovs-vswitchd with hw-vxlan ports, stock OVS with dpdk ports, and
DPDK's testpmd, which only carries packets from one wire to the other, on the
same wires, with the same rules and on the same CPU, in turns.  The wires are
DPDK devices without hardware: what comes in is a pcap file, repeated for
ever, and what goes out is counted.

"cycles" are those of the TSC for each packet, the median of the rounds,
"spread" the least and the greatest; "net" is without what testpmd takes;
"hits" is the part of the packets, in percent, that the NIC handled.  First
some of the packets are captured: those of ours and of stock OVS must be the
same, but for the UDP source port, of which each flow has one.

  --systems=NAME,...    of ours, stock, testpmd (default: all)
  --directions=NAME,... which way (default: all):
      encap        from a VM into a tunnel
      decap        out of a tunnel to a VM
      switch       from a VM to a VM
      encap6       encap over an IPv6 underlay, which has UDP checksums
      decap6       decap over an IPv6 underlay
  --flows=N,...         destination MACs, each of which has a rule and a flow
                        (default: 256,4096,65536)
  --frames=N,...        bytes of a frame, without an outer header, or imix:
                        of twelve, 7 of 64, 4 of 576, 1 of 1500 (default:
                        64,imix,1500)
  --distribution=NAME,...
                        of the packets over the flows: uniform, or zipf, with
                        the exponent 0.99 (default: uniform)
  --miss=P,...          percent of the packets that have a VLAN tag inside, so
                        that no entry of the NIC is for them (default: 0)
  --rounds=N            of each system (default: 9)
  --seconds=S           that a system has the CPU in each round (default: 1)
  --threads=N           that poll, each of them a queue of the device IN, and
                        each on its CPU; cycles are those of all (default: 1)
  --cpu=N               that polls (default: the last one); with several
                        threads the first of them
  --memory=MB           of each system (default: 2048)
  --hugepages           the memory is of hugepages
  --instructions        count each packet's instructions, too, with valgrind,
                        which takes some minutes for each point
  --quick               defaults are encap and decap, 256 and 65536 flows, 64
                        bytes, 3 rounds
  --json=FILE           write the results, one row for each system and point,
                        with the keys system, direction, flows, frame,
                        distribution, miss, threads, cycles, net (null for
                        testpmd, or without it), spread (greatest less least),
                        rounds (the cycles of each), hits (null but for ours),
                        lost (percent), waited (percent of the time that others
                        had the CPU), packets, tsc_hz; with --instructions also
                        instructions, and functions (those of each)
  --plot=FILE           draw them, as .svg or .png; needs gnuplot
  --ovs-vswitchd=FILE   ours (default: the one that was built in
                        $HWVXLAN_BUILD or in _build/, or the installed one)
  --stock=FILE          stock OVS's ovs-vswitchd, with DPDK (default: that of
                        Debian's package openvswitch-switch-dpdk)
  --testpmd=FILE        (default: dpdk-testpmd in PATH)
  -h, --help            show this

A point takes a minute, all of them less than an hour, and --quick less than
five minutes, if others leave us the CPUs.  The exit status is 1 if a packet
was wrong, or if nothing could be measured.
"""

import argparse
import shutil

import network
import traffic
from arguments import (Parser, SYSTEMS, choose_cpus, fail, name, number,
                       several)

DISTRIBUTIONS = ('uniform', 'zipf')


def frame(text):
    if text == 'imix':
        return text
    try:
        return number(traffic.LEAST_FRAME, traffic.GREATEST_FRAME)(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError('%s, or imix' % error) from None


def parse(args):
    # --quick changes the defaults of the others, wherever it is.
    quick = '--quick' in args
    parser = Parser('datapath', __doc__)
    parser.add_machine()
    add = parser.add_argument
    add('--quick', action='store_true')
    add('--systems', type=several(name(SYSTEMS)), default=list(SYSTEMS))
    add('--directions', type=several(name(tuple(network.DIRECTIONS))),
        default=['encap', 'decap'] if quick else list(network.DIRECTIONS))
    add('--flows', type=several(number(1, traffic.MOST_FRAMES)),
        default=[256, 65536] if quick else [256, 4096, 65536])
    add('--frames', type=several(frame),
        default=[64] if quick else [64, 'imix', 1500])
    add('--distribution', type=several(name(DISTRIBUTIONS)),
        default=['uniform'])
    add('--miss', type=several(number(0, 100, float)), default=[0.])
    add('--rounds', type=number(1, 1000), default=3 if quick else 9)
    add('--seconds', type=number(.1, 600, float), default=1)
    add('--threads', type=number(1, 64), default=1)
    add('--instructions', action='store_true')
    add('--plot')
    options = parser.parse_args(args)
    options.cpus = choose_cpus(options.cpu, options.threads)
    if options.plot and not shutil.which('gnuplot'):
        fail('--plot needs gnuplot, which is not here: '
             'apt-get install gnuplot-nox')
    if options.instructions and not shutil.which('valgrind'):
        fail('--instructions needs valgrind, which is not here: '
             'apt-get install valgrind')
    return options
