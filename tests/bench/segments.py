#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""What does a segment's forwarding database cost?

usage: segments.py --build DIR [--entries N,N] [--flows N] [--rounds N]

Two of our ovs-vswitchd have one segment each, with as many static addresses as
--entries says, behind 200 VTEPs, and as many datapath flows to them as --flows
says.  Shown is what an entry took, in time of the main thread and in memory;
and, in turns, the main thread's time for moving an address to another VTEP,
less what an empty command takes.  At last, with few addresses on either side,
how many entries of the NIC all to all needs."""

import argparse
import os
import re
import shutil
import statistics
import tempfile

import common
from switch import Tools

VNI = 5001
VTEPS = 200
AT_ONCE = 500                   # Commands that are sent together.
CHANGES = 200
REMOTE = 0x10000000             # The first address behind a VTEP.


def vtep(number):
    return '1.1.3.%d' % (1 + number % VTEPS)


class Segment:
    def __init__(self, tools, directory, name):
        self.switch = common.Switch(tools, 'on', os.path.join(directory, name),
                                    ['remote_ip=flow', 'key=flow'])
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
        self.wait_for(0)

    def show(self, key):
        text = self.switch.ctl('hwvxlan/segment-show', VNI, '--format=json')
        return int(re.search('"%s": *(\\d+)' % key, text).group(1))

    def wait_for(self, n):
        def is_there():
            try:
                return self.show('macs') >= n
            except Exception:           # There is no segment yet.
                return False
        self.switch.wait(is_there, '%d addresses' % n)

    def commands(self, commands):
        for at in range(0, len(commands), AT_ONCE):
            self.switch.ctl.all(commands[at:at + AT_ONCE])

    def add(self, n):
        """Returns main thread time in us and memory in bytes, of an entry."""
        memory = self.switch.memory()
        time = self.switch.main_thread_time()
        self.commands([('hwvxlan/fdb-add', VNI, common.mac_text(REMOTE + i),
                        vtep(i)) for i in range(n)])
        self.wait_for(n)
        self.n = n
        return ((self.switch.main_thread_time() - time) / n / 1000,
                (self.switch.memory() - memory) / n)

    def add_flows(self, n):
        """From as few addresses of vm1 as it takes."""
        n_local = -(-n // self.n)
        frames = [common.frame(REMOTE + i % self.n, 1 + i // self.n)
                  for i in range(n)]
        self.switch.inject('vm1', [common.frame(REMOTE, 1 + i)
                                   for i in range(n_local)])
        self.wait_for(self.n + n_local)
        self.switch.revalidate()
        self.switch.add_flows('vm1', frames)
        return self.switch.ctl('dpctl/dump-flows').count('tnl_push')

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
        moves = [('hwvxlan/fdb-add', VNI, common.mac_text(REMOTE + i * step),
                  vtep(i * step + self.moves)) for i in range(CHANGES)]
        empty = self.time_of([('version',)] * CHANGES)
        self.times.append(self.time_of(moves) - empty)
        self.switch.barrier()
        self.switch.pause(True)

    def stop(self):
        self.switch.pause(False)
        self.switch.stop()


def bench_changes(tools, directory, sizes, n_flows, rounds):
    segments = []
    try:
        for n in sizes:
            segment = Segment(tools, directory, str(n))
            segments.append(segment)
            time, memory = segment.add(n)
            print('%6d addresses: %.1f us of the main thread and %d bytes '
                  'each, with their rules' % (n, time, memory))
            print('        %d datapath flows' % segment.add_flows(n_flows),
                  flush=True)
            segment.switch.pause(True)
        for _ in range(rounds):
            for segment in segments:
                segment.round()
        for segment in segments:
            print('%6d addresses: a change takes %s' % (
                segment.n, common.spread(segment.times, 'us')))
        print('ratio of the medians: %.2f' % (
            statistics.median(segments[-1].times)
            / statistics.median(segments[0].times)), flush=True)
    finally:
        for segment in segments:
            segment.stop()


def bench_all_to_all(tools, directory, n_local, n_remote):
    segment = Segment(tools, directory, 'all')
    try:
        segment.add(n_remote)
        segment.add_flows(n_local * n_remote)
        segment.switch.wait(
            lambda: segment.entries() >= n_local * n_remote, 'entries')
        print('%d local to %d remote addresses: %d entries of the NIC' % (
            n_local, n_remote, segment.entries()))
    finally:
        segment.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    parser.add_argument('--entries', default='1000,100000')
    parser.add_argument('--flows', type=int, default=50000)
    parser.add_argument('--rounds', type=int, default=5)
    args = parser.parse_args()
    tools = Tools(args.build)
    directory = tempfile.mkdtemp(prefix='hwv-bench.')
    try:
        bench_changes(tools, directory,
                      [int(n) for n in args.entries.split(',')], args.flows,
                      args.rounds)
        bench_all_to_all(tools, directory, 10, 1000)
    finally:
        shutil.rmtree(directory)


if __name__ == '__main__':
    main()
