#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""What does a guest that scans do to another one?

usage: scan.py --build DIR [--addresses N] [--pings N] [--rate N] [--rounds N]

Two guests on a NIC with a flow table of 64 entries, served by one PMD thread,
which has a core of its own.  One guest pings a host behind a VXLAN device of
the kernel's.  The other one sends to N addresses (default: a million) in turn,
as fast as it can, each of which is a flow of its own.  Cases that take turns:
it is silent; it sends to a single address, so that all is a hit, as fast as it
can; it scans with options:upcall-rate=RATE; it scans without a limit.  Shown
are the part of the first guest's packets that the NIC handled, and its
round-trip times.

Needs root, for network namespaces and veth devices."""

import argparse
import contextlib
import ctypes
import itertools
import multiprocessing
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile

import common
from control import ControlError
from switch import Tools

VNI = 5001
PEER_MAC = '02:00:00:00:00:99'
GUEST_MACS = ['02:00:00:00:01:01', '02:00:00:00:01:02']
ENTRIES = 64
INTERVAL = .005                 # Seconds, between pings.
CLONE_NEWNET = 0x40000000
PMD_CORE = os.cpu_count() - 1
OTHERS = '0-%d' % max(PMD_CORE - 1, 0)


class Hosts:
    """Namespaces: that of the switch, those of the guests, and the peer's."""

    def __init__(self):
        self.names = {name: 'hwv-scan-%d-%s' % (os.getpid(), name)
                      for name in ('switch', 'vm1', 'vm2', 'peer')}
        try:
            self.make()
        except BaseException:
            self.remove()
            raise

    def make(self):
        for name in self.names.values():
            ip('netns', 'add', name)
        self.link('vm1', 'vm1-dev', GUEST_MACS[0], '10.9.0.1/24')
        self.link('vm2', 'vm2-dev', GUEST_MACS[1], None)
        self.link('peer', 'pf0-dev', '02:00:00:00:00:92',
                  common.NEXT_HOP + '/24')
        self.ip('vm1', 'neigh', 'add', '10.9.0.9', 'lladdr', PEER_MAC,
                'dev', 'eth0')
        self.ip('peer', 'link', 'add', 'vxlan0', 'address', PEER_MAC, 'type',
                'vxlan', 'id', str(VNI), 'dstport', '4789', 'local',
                common.NEXT_HOP, 'dev', 'eth0')
        self.ip('peer', 'addr', 'add', '10.9.0.9/24', 'dev', 'vxlan0')
        self.ip('peer', 'link', 'set', 'vxlan0', 'up')
        self.ip('peer', 'neigh', 'add', '10.9.0.1', 'lladdr', GUEST_MACS[0],
                'dev', 'vxlan0')
        self.run('peer', 'bridge', 'fdb', 'add', GUEST_MACS[0], 'dev',
                 'vxlan0', 'dst', '1.1.2.88')
        self.ip('peer', 'neigh', 'add', '1.1.2.88', 'lladdr',
                'aa:55:aa:55:00:00', 'dev', 'eth0')

    def link(self, host, wire, mac, address):
        """Joins eth0 of 'host' to the device 'wire' of the switch."""
        ip('link', 'add', wire, 'netns', self.names['switch'], 'type', 'veth',
           'peer', 'name', 'eth0', 'address', mac, 'netns', self.names[host])
        for name, dev in ('switch', wire), (host, 'eth0'):
            self.run(name, 'ethtool', '-K', dev, 'tx', 'off')
            self.run(name, 'sysctl', '-q',
                     'net.ipv6.conf.%s.disable_ipv6=1' % dev)
            self.ip(name, 'link', 'set', dev, 'up')
        if address:
            self.ip(host, 'addr', 'add', address, 'dev', 'eth0')

    def command(self, name, *args):
        return ('ip', 'netns', 'exec', self.names[name], *args)

    def run(self, name, *args):
        subprocess.run(self.command(name, *args), check=True,
                       stdout=subprocess.DEVNULL)

    def ip(self, name, *args):
        ip('-n', self.names[name], *args)

    @contextlib.contextmanager
    def inside(self, name):
        """Sockets that are made meanwhile are in that namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open('/proc/self/ns/net') as ours, \
                open('/run/netns/' + self.names[name]) as theirs:
            if libc.setns(theirs.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), 'setns')
            try:
                yield
            finally:
                libc.setns(ours.fileno(), CLONE_NEWNET)

    def remove(self):
        for name in self.names.values():
            subprocess.run(['ip', 'netns', 'del', name], check=False,
                           stderr=subprocess.DEVNULL)


def ip(*args):
    subprocess.run(['ip', *args], check=True)


class Switch(common.Switch):
    """The same bridges, in a datapath of real devices."""

    def __init__(self, tools, directory, hosts):
        self.hosts = hosts
        super().__init__(tools, 'on', directory,
                         ['remote_ip=' + common.NEXT_HOP, 'key=%d' % VNI])

    def spawn(self, args, name):
        super().spawn([*self.hosts.command('switch', 'taskset', '--cpu-list',
                                           OTHERS, *args)], name)

    def make_world(self):
        args = []
        for bridge, mac in (('br-int', 'aa:55:aa:55:00:01'),
                            ('br0', 'aa:55:aa:55:00:00')):
            args += ['--', 'add-br', bridge, '--', 'set', 'bridge', bridge,
                     'datapath-type=netdev', 'fail-mode=secure',
                     'other-config:hwaddr=' + mac]
        args += port('br0', 'pf0', 1, 'options:max-flows=%d' % ENTRIES)
        for vf in 1, 2:
            args += port('br-int', 'vm%d' % vf, vf, 'options:nic=pf0',
                         'options:vf=%d' % vf)
        args += ['--', 'add-port', 'br-int', 'vx', '--', 'set', 'interface',
                 'vx', 'type=vxlan', 'ofport_request=10']
        self.vsctl(*args, *['options:' + one for one in self.tunnel],
                   '--', 'set', 'open_vswitch', '.',
                   'other_config:max-idle=1000',
                   'other_config:pmd-maxsleep=0')
        self.hosts.ip('switch', 'addr', 'add', '1.1.2.88/24', 'dev', 'br0')
        self.hosts.ip('switch', 'link', 'set', 'br0', 'up')
        self.wait(self.add_route, 'the address of br0')
        self.ctl('tnl/neigh/set', 'br0', common.NEXT_HOP, '02:00:00:00:00:92')
        self.ofctl('add-flow', 'br0', 'actions=normal')
        self.ofctl('add-flow', 'br-int', 'in_port=1,actions=10')
        self.ofctl('add-flow', 'br-int',
                   'in_port=10,dl_dst=%s,actions=1' % GUEST_MACS[0])
        self.wait(self.place_pmd_thread, 'the PMD thread')
        # Reading the address makes OVS have a flow for each.
        self.ofctl('add-flow', 'br-int', 'in_port=2,actions='
                   'move:NXM_OF_ETH_DST[]->NXM_NX_XXREG0[0..47],output:10')

    def add_route(self):
        """OVS has to notice the address first."""
        try:
            self.ctl('ovs/route/add', '1.1.2.88/24', 'br0')
        except ControlError:
            return False
        return True

    def place_pmd_thread(self):
        """Moves the PMD thread to its core.  Returns false if it is not
        there."""
        threads = '/proc/%d/task' % self.process()
        for thread in os.listdir(threads):
            with open(os.path.join(threads, thread, 'comm'),
                      encoding='ascii') as name:
                if name.read().startswith('pmd'):
                    os.sched_setaffinity(int(thread), {PMD_CORE})
                    return True
        return False

    def limit(self, rate):
        self.vsctl(*(['set', 'interface', 'vm2', 'options:upcall-rate=%d'
                      % rate] if rate else
                     ['remove', 'interface', 'vm2', 'options', 'upcall-rate']))

    def counters(self):
        """Returns (hits, misses) of the first guest's packets, both ways."""
        accounts = self.accounts()
        both = accounts['vm1'], accounts['pf0']
        return (sum(counters['rx_hits'] for counters in both),
                sum(n for counters in both for name, n in counters.items()
                    if name.startswith('rx_miss_')))


def port(bridge, name, number, *options):
    return ['--', 'add-port', bridge, name, '--', 'set', 'interface', name,
            'type=hw-vxlan', 'options:wire=system',
            'options:wire-dev=%s-dev' % name, 'ofport_request=%d' % number,
            *options]


def scan(hosts, n, sent):
    """Sends a packet to each of 'n' addresses, for ever, and counts them."""
    # It has the time that the others leave: that of a guest is not theirs.
    os.sched_setaffinity(0, set(range(max(PMD_CORE, 1))))
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with hosts.inside('vm2'):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sock.bind(('eth0', 0))
    for number in itertools.cycle(range(n)):
        with contextlib.suppress(OSError):  # There is no room for it.
            sock.send(common.frame(1 << 24 | number, 2))
            sent.value += 1


class Case:
    def __init__(self, name, addresses, rate):
        self.name = name
        self.addresses = addresses  # That the other guest sends to.
        self.rate = rate
        self.hit_rates = []
        self.medians = []
        self.slowest = []       # Slower than 99 % of the others.
        self.scanned = []       # Packets of the scan each second.
        self.lost = 0

    def round(self, hosts, switch, args):
        switch.limit(self.rate)
        switch.wait(lambda: switch.flows() < 10, 'flows to expire')
        sent = multiprocessing.Value('L', 0, lock=False)
        scanner = multiprocessing.Process(
            target=scan, args=(hosts, self.addresses, sent), daemon=True)
        if self.addresses:
            scanner.start()
        try:
            ping(hosts, 20)     # Warm-up.
            hits, misses = switch.counters()
            first = sent.value
            times = ping(hosts, args.pings)
            self.scanned.append((sent.value - first)
                                / (args.pings * INTERVAL))
            hits, misses = (after - before for after, before in zip(
                switch.counters(), (hits, misses)))
        finally:
            if self.addresses:
                scanner.terminate()
                scanner.join()
        self.lost += args.pings - len(times)
        self.hit_rates.append(100 * hits / (hits + misses))
        self.medians.append(statistics.median(times))
        self.slowest.append(statistics.quantiles(times, n=100)[98])

    def __str__(self):
        return ('%-34s NIC handled %s; round trip %s, 99 %% within %s; '
                'lost %d; the other guest sent %s' % (
                    self.name + ':', common.spread(self.hit_rates, '%', 2),
                    common.spread(self.medians, 'ms', 3),
                    common.spread(self.slowest, 'ms', 3), self.lost,
                    common.spread(self.scanned, 'packets/s', 0)))


def ping(hosts, n):
    """Returns the round-trip times of the pings that came back, in ms."""
    done = subprocess.run(
        hosts.command('vm1', 'taskset', '--cpu-list', OTHERS, 'ping', '-i',
                      str(INTERVAL), '-c', str(n), '-W', '1', '10.9.0.9'),
        stdout=subprocess.PIPE, text=True, check=False)
    times = [float(time) for time in re.findall(r'time=([\d.]+)', done.stdout)]
    if len(times) < n / 2:
        raise SystemExit('pings are lost:\n' + done.stdout[-1000:])
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    parser.add_argument('--addresses', type=int, default=1000000)
    parser.add_argument('--pings', type=int, default=1000)
    parser.add_argument('--rate', type=int, default=1000)
    parser.add_argument('--rounds', type=int, default=5)
    args = parser.parse_args()
    cases = [Case('silent', 0, 0),
             Case('sends to one address', 1, 0),
             Case('scans, upcall-rate=%d' % args.rate, args.addresses,
                  args.rate),
             Case('scans, no upcall-rate', args.addresses, 0)]
    directory = tempfile.mkdtemp(prefix='hwv-bench.')
    hosts = Hosts()
    try:
        switch = Switch(Tools(args.build), os.path.join(directory, 'on'),
                        hosts)
        try:
            for _ in range(args.rounds):
                for case in cases:
                    case.round(hosts, switch, args)
        finally:
            switch.stop()
    finally:
        hosts.remove()
        shutil.rmtree(directory)
    for case in cases:
        print(case)


if __name__ == '__main__':
    main()
