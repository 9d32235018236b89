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
import os
import shutil
import sys

import network
import traffic
from machine import is_program

SYSTEMS = ('ours', 'stock', 'testpmd')
DISTRIBUTIONS = ('uniform', 'zipf')
SEE_HELP = 'see hwvxlan-bench datapath --help'


def fail(message):
    print('hwvxlan-bench: ' + message, file=sys.stderr)
    sys.exit(1)


class Parser(argparse.ArgumentParser):
    """With messages as those of the other commands."""

    def error(self, message):
        if message.startswith('unrecognized arguments: '):
            word = message.split(': ', 1)[1].split()[0]
            message = ('%s is no option; ' % word + SEE_HELP
                       if word.startswith('-') else
                       '"%s" is not an option; ' % word + SEE_HELP)
        elif message.endswith('expected one argument'):
            message = '%s needs a value; ' % message.split()[1].rstrip(':')
            message += SEE_HELP
        elif 'ignored explicit argument' in message:
            message = '%s takes no value; ' % message.split()[1].rstrip(':')
            message += SEE_HELP
        fail(message.removeprefix('argument '))

    def format_help(self):
        return __doc__


def number(least, most, kind=int):
    """Parses a number of that kind in that range."""
    what = 'an integer' if kind is int else 'a number'

    def parse(text):
        try:
            # Only what is written as one: no sign, no "nan", no "1_0".
            if not set(text) <= set('0123456789.'):
                raise ValueError
            value = kind(text)
            if not least <= value <= most:
                raise ValueError
        except ValueError:
            raise argparse.ArgumentTypeError(
                '"%s" is not %s from %s to %s' % (text, what, least, most)
            ) from None
        return value
    return parse


def name(known):
    def parse(text):
        if text not in known:
            raise argparse.ArgumentTypeError(
                'there is no "%s", only %s' % (text, ', '.join(known)))
        return text
    return parse


def frame(text):
    if text == 'imix':
        return text
    try:
        return number(traffic.LEAST_FRAME, traffic.GREATEST_FRAME)(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError('%s, or imix' % error) from None


def several(parse):
    """Parses words with commas between them, each of which counts once."""
    return lambda text: list(dict.fromkeys(map(parse, text.split(','))))


def program(text):
    if not is_program(text):
        raise argparse.ArgumentTypeError('there is no program ' + text)
    return os.path.realpath(text)


def parse(args):
    # --quick changes the defaults of the others, wherever it is.
    quick = '--quick' in args
    parser = Parser(prog='hwvxlan-bench', allow_abbrev=False)
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
    add('--cpu', type=number(0, 1023))
    add('--memory', type=number(1024, 65536), default=2048)
    add('--hugepages', action='store_true')
    add('--instructions', action='store_true')
    add('--json')
    add('--plot')
    add('--ovs-vswitchd', type=program)
    add('--stock', type=program)
    add('--testpmd', type=program)
    options = parser.parse_args(args)
    options.cpus = choose_cpus(options.cpu, options.threads)
    if options.plot and not shutil.which('gnuplot'):
        fail('--plot needs gnuplot, which is not here: '
             'apt-get install gnuplot-nox')
    if options.instructions and not shutil.which('valgrind'):
        fail('--instructions needs valgrind, which is not here: '
             'apt-get install valgrind')
    return options


def choose_cpus(wanted, n):
    cpus = os.sched_getaffinity(0)
    if wanted is not None and wanted not in cpus:
        fail('--cpu: there is no CPU %d for us, only %s'
             % (wanted, ', '.join(map(str, sorted(cpus)))))
    if len(cpus) < 2:
        fail('two CPUs are needed, one of which does nothing but poll, and '
             'there is only one')
    if n > len(cpus):
        fail('--threads: there are only %d CPUs for us' % len(cpus))
    return sorted(cpus, key=lambda cpu: (cpu == wanted, cpu))[-n:]
