#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""How long do packets go to the old MAC address of a next hop that has
changed?

usage: next_hop.py --build DIR [--flows N,N...] [--rounds N]

For each number of flows, the neighbour behind a tunnel gets another MAC
address (tnl/neigh/set) and then random flows are sent, 40 packets at a time,
until nothing has gone to the old address for a second.  Shown is the time from
the command to the last packet that did, and how many flows OVS wrote.  Ours
and OVS's own ovs-vswitchd take turns, both with dummy ports in place of NICs;
who does not have its turn is stopped."""

import argparse
import os
import random
import shutil
import statistics
import tempfile
import time

import common
from switch import Tools

VNI = 5001
QUIET = 1                       # Second.
SAMPLE = 40                     # Packets, which fit a dummy port's queue.
MACS = ['f8:bc:12:44:34:b6', 'f8:bc:12:44:34:b7']


class Run:
    def __init__(self, tools, variant, directory, n_flows):
        self.switch = common.Switch(
            tools, variant, os.path.join(directory, variant),
            ['remote_ip=' + common.NEXT_HOP, 'key=%d' % VNI])
        self.turn = 0
        self.times = []
        self.writes = []
        self.tunnels = 0
        try:
            self.prepare(n_flows)
        except BaseException:
            self.switch.stop()
            raise

    def prepare(self, n_flows):
        self.set_mac()
        # Reading the address makes OVS have a flow for each.
        self.switch.ofctl(
            'add-flow', 'br-int', 'in_port=1,actions='
            'move:NXM_OF_ETH_DST[]->NXM_NX_XXREG0[0..47],output:10')
        self.frames = [common.frame(n, 1) for n in range(n_flows)]
        self.switch.add_flows({'vm1': self.frames})
        if self.n_flows() < n_flows:
            raise SystemExit('%s: only %d of %d flows' % (
                self.switch.variant, self.n_flows(), n_flows))
        self.switch.rest()

    def set_mac(self):
        self.switch.ctl('tnl/neigh/set', 'br0', common.NEXT_HOP,
                        MACS[self.turn % 2])

    def n_flows(self):
        """Returns how many there are, and in the NIC, if it is ours."""
        kind = 'all' if self.switch.variant == 'stock' else 'offloaded'
        flows = self.switch.ctl('dpctl/dump-flows', 'type=' + kind)
        return flows.count('tnl_push')

    def round(self):
        """Changes the MAC address, and waits until all packets go there."""
        self.switch.pause(False)
        self.switch.settle()
        self.switch.tx['pf0'].new()
        old = bytes.fromhex(MACS[self.turn % 2].replace(':', ''))
        self.turn += 1
        puts = self.switch.coverage('dpif_flow_put')
        start = last = time.monotonic()
        self.set_mac()
        while time.monotonic() < last + QUIET:
            self.switch.inject('vm1', random.sample(
                self.frames, min(SAMPLE, len(self.frames))))
            if any(sent[:6] == old for sent in self.switch.tx['pf0'].new()):
                last = time.monotonic()
        self.times.append((last - start) * 1000)
        self.switch.revalidate()
        self.writes.append(self.switch.coverage('dpif_flow_put') - puts)
        if self.switch.variant == 'on':
            tunnels = self.switch.ctl('hwvxlan/dump-tunnels')
            self.tunnels = tunnels.count(MACS[self.turn % 2])
        self.switch.rest()

    def stop(self):
        self.switch.pause(False)
        self.switch.stop()


def bench(tools, n_flows, rounds):
    directory = tempfile.mkdtemp(prefix='hwv-bench.')
    runs = []
    try:
        for variant in 'on', 'stock':
            runs.append(Run(tools, variant, directory, n_flows))
        for _ in range(rounds):
            for run in runs:
                run.round()
    finally:
        for run in runs:
            run.stop()
        shutil.rmtree(directory)
    for run in runs:
        print('%6d flows, %-5s: last old packet after %s; writes: %d flows '
              'of OVS, %d tunnels of the NIC' % (
                  n_flows, 'ours' if run.switch.variant == 'on' else 'stock',
                  common.spread(run.times, 'ms'),
                  statistics.median(run.writes), run.tunnels), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    parser.add_argument('--flows', default='1,1000')
    parser.add_argument('--rounds', type=int, default=5)
    args = parser.parse_args()
    for n_flows in args.flows.split(','):
        bench(Tools(args.build), int(n_flows), args.rounds)


if __name__ == '__main__':
    main()
