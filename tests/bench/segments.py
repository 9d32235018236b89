#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""What does a segment's forwarding database cost?

usage: segments.py --build DIR [--entries N,N] [--segments N,N] [--flows N]
                   [--rounds N] [--all-to-all N,N]

Two of our ovs-vswitchd have as many segments, with a VF each, as --segments
says, and in them as many static addresses as --entries says, behind 200 VTEPs,
and as many datapath flows to those of the first segments as --flows says.
Shown is what a segment and an entry took, in time of the main thread and in
memory; and, in turns, the main thread's time for moving an address to another
VTEP, less what an empty command takes.  At last, with as many local and remote
addresses as --all-to-all says, how many entries of the NIC all to all
needs."""

import argparse
import json
import os
import re
import shutil
import statistics
import tempfile

import common
from switch import Tools

VNI = 5001
VTEPS = 200
TOGETHER = 25                   # Addresses of a segment, at least.
SENDERS = 10                    # Segments that datapath flows are of.
AT_ONCE = 500                   # Commands that are sent together.
CHANGES = 200
PORTS_AT_ONCE = 400             # In one transaction.
NO_CPU = 0x8000                 # A PMD mask: there are only two.
REMOTE = 0x10000000             # The first address behind a VTEP.


def vtep(number):
    return '1.1.3.%d' % (1 + number % VTEPS)


class Host:
    def __init__(self, tools, directory, name, n_segments):
        self.switch = common.Switch(tools, 'on', os.path.join(directory, name),
                                    ['remote_ip=flow', 'key=flow'])
        self.n_segments = n_segments
        self.n = 0
        self.moves = 0
        self.times = []
        try:
            self.prepare()
        except BaseException:
            self.switch.stop()
            raise

    def prepare(self):
        self.switch.ctl('tnl/neigh/set', 'br0', common.NEXT_HOP,
                        'f8:bc:12:44:34:b6')
        self.switch.ctl('ovs/route/add', '1.1.3.0/24', 'br0', common.NEXT_HOP)
        self.switch.vsctl('set', 'interface', 'vm1', 'options:vni=%d' % VNI)
        self.wait_for_segments(1)
        if self.n_segments > 1:
            self.add_segments(self.n_segments - 1)

    def add_segments(self, n):
        """A PMD thread would poll all ports 1,024 times for each new one,
        before it looks whether it is to do something else."""
        self.set_pmd_mask(NO_CPU)
        memory = self.switch.memory()
        time = self.switch.main_thread_time()
        for first in range(2, n + 2, PORTS_AT_ONCE):
            self.add_vfs(first, min(first + PORTS_AT_ONCE, n + 2))
        print('%6d segments: %.1f ms of the main thread and %d bytes each, '
              'with a VF' % (
                  self.n_segments,
                  (self.switch.main_thread_time() - time) / n / 1e6,
                  (self.switch.memory() - memory) / n), flush=True)
        self.set_pmd_mask(common.WORLD['pmds'])

    def set_pmd_mask(self, mask):
        self.switch.vsctl('set', 'open_vswitch', '.',
                          'other_config:pmd-cpu-mask=%x' % mask)

    def add_vfs(self, first, end):
        args = []
        for vf in range(first, end):
            args += ['--', 'add-port', 'br-int', 'vm%d' % vf, '--', 'set',
                     'interface', 'vm%d' % vf, 'type=hw-vxlan',
                     'options:wire=dummy', 'options:nic=pf0',
                     'options:vf=%d' % vf,
                     'ofport_request=%d' % common.vf_port(vf),
                     'options:vni=%d' % (VNI + vf - 1)]
        self.switch.vsctl(*args)
        self.wait_for_segments(end - 1)

    def segment(self, number):
        """Of the address 'number': so many are together at least."""
        return number % min(self.n_segments, max(self.n // TOGETHER, 1))

    def segments(self):
        """Returns what each segment shows."""
        return json.loads(self.switch.ctl('hwvxlan/segment-show',
                                          '--format=json'))

    def wait_for_segments(self, n):
        self.switch.wait(lambda: len(self.segments()) >= n,
                         '%d segments' % n)

    def wait_for(self, n):
        """To show thousands of segments takes the main thread long, too."""
        self.switch.wait(lambda: self.n_known() >= n, '%d addresses' % n)
        self.switch.wait(lambda: sum(segment['macs'] for segment
                                     in self.segments()) >= n,
                         'rules for %d addresses' % n)

    def n_known(self):
        text = self.switch.ctl('hwvxlan/fdb-stats')
        return sum(int(n) for n in re.findall(r'^(?:static|learned): (\d+)',
                                              text, re.M))

    def commands(self, commands):
        for at in range(0, len(commands), AT_ONCE):
            self.switch.ctl.all(commands[at:at + AT_ONCE])

    def add(self, n):
        """Returns main thread time in us and memory in bytes, of an entry."""
        self.n = n
        memory = self.switch.memory()
        time = self.switch.main_thread_time()
        self.commands([('hwvxlan/fdb-add', VNI + self.segment(i),
                        common.mac_text(REMOTE + i), vtep(i))
                       for i in range(n)])
        self.wait_for(n)
        return ((self.switch.main_thread_time() - time) / n / 1000,
                (self.switch.memory() - memory) / n)

    def add_flows(self, n, go_on=True):
        """In the first segments, from as few addresses as it takes."""
        self.switch.connect()
        first = range(min(self.n_segments, SENDERS,
                          max(self.n // TOGETHER, 1)))
        frames = {}
        n_locals = 0
        for segment in first:
            remote = [REMOTE + i for i in range(self.n)
                      if self.segment(i) == segment]
            local = [1 + segment * n + i
                     for i in range(-(-n // len(first) // len(remote)))]
            port = 'vm%d' % (1 + segment)
            frames[port] = [common.frame(dst, src) for src in local
                            for dst in remote][:n // len(first)]
            self.switch.inject(port, [common.frame(remote[0], src)
                                      for src in local])
            n_locals += len(local)
        self.wait_for(self.n + n_locals)
        self.switch.revalidate()
        self.switch.add_flows(frames, go_on)

    def entries(self):
        """Returns how many flows the NIC has."""
        return int(re.search(r'flows (\d+)/',
                             self.switch.ctl('hwvxlan/show')).group(1))

    def time_of(self, commands):
        self.switch.barrier()
        start = self.switch.main_thread_time()
        for command in commands:
            self.switch.ctl(*command)
        return (self.switch.main_thread_time() - start) / len(commands) / 1000

    def round(self):
        self.switch.pause(False)
        self.moves += 1
        step = max(self.n // CHANGES, 1)
        moves = [('hwvxlan/fdb-add', VNI + self.segment(i),
                  common.mac_text(REMOTE + i), vtep(i + self.moves))
                 for i in range(0, CHANGES * step, step)]
        empty = self.time_of([('version',)] * CHANGES)
        self.times.append(self.time_of(moves) - empty)
        self.switch.rest()

    def stop(self):
        self.switch.pause(False)
        self.switch.stop()


def bench_changes(tools, directory, sizes, n_flows, rounds):
    """'sizes' are pairs of how many segments and addresses."""
    hosts = []
    try:
        for n_segments, n in sizes:
            host = Host(tools, directory, str(len(hosts)), n_segments)
            hosts.append(host)
            time, memory = host.add(n)
            print('%6d addresses: %.1f us of the main thread and %d bytes '
                  'each, with their rules' % (n, time, memory))
            host.add_flows(n_flows)
            print('        %d datapath flows' % host.switch.flows(),
                  flush=True)
            host.switch.rest()
        for _ in range(rounds):
            for host in hosts:
                host.round()
        for host in hosts:
            host.switch.pause(False)
            print('%6d addresses: a change takes %s; %d datapath flows' % (
                host.n, common.spread(host.times, 'us'),
                host.switch.flows()))
        print('ratio of the medians: %.2f' % (
            statistics.median(hosts[-1].times)
            / statistics.median(hosts[0].times)), flush=True)
    finally:
        for host in hosts:
            host.stop()


def bench_all_to_all(tools, directory, n_local, n_remote):
    host = Host(tools, directory, 'all', 1)
    try:
        host.switch.vsctl('set', 'interface', 'pf0', 'options:max-flows=%d'
                          % (n_local * n_remote))
        host.add(n_remote)
        host.add_flows(n_local * n_remote, go_on=False)
        host.switch.wait(
            lambda: host.entries() >= n_local * n_remote, 'entries')
        print('%d local to %d remote addresses: %d entries of the NIC' % (
            n_local, n_remote, host.entries()))
    finally:
        host.stop()


def numbers(text):
    """Two of them, with a comma."""
    first, second = text.split(',')
    return int(first), int(second)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    parser.add_argument('--entries', type=numbers, default='1000,100000')
    parser.add_argument('--segments', type=numbers, default='1,1')
    parser.add_argument('--flows', type=int, default=50000)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--all-to-all', type=numbers, default='10,1000')
    args = parser.parse_args()
    tools = Tools(args.build)
    directory = tempfile.mkdtemp(prefix='hwv-bench.')
    try:
        bench_changes(tools, directory,
                      list(zip(args.segments, args.entries)), args.flows,
                      args.rounds)
        bench_all_to_all(tools, directory, *args.all_to_all)
    finally:
        shutil.rmtree(directory)


if __name__ == '__main__':
    main()
