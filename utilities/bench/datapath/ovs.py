# SPDX-License-Identifier: Apache-2.0

"""Open vSwitch: ours, with hw-vxlan ports, and stock OVS, with dpdk ports on
the same devices and with the same rules.

The datapath is OVS's userspace one, whose bridges have dummy ports of their
own, so that no root is needed and nothing is left in the kernel."""

import json
import os
import re
import socket
import time

import network
from processes import Failure, Process, run, wait
from system import IDLE_DEVICE, System

FIRST_TUNNEL = 10               # OpenFlow port of the first tunnel.
VF_PORTS = {'vm1': 1, 'vm2': 2}
LEARNING = 5                    # Times that patience, for all flows.
FOREVER = 10000000              # Milliseconds.
FLOW_LIMIT = 1000000000         # Even if it is halved again and again.
NEIGHBOUR_AGE = 3600            # Seconds, the most that OVS takes.
# A flow that ignores ECN takes four entries of the NIC's flow table.
ENTRIES_PER_FLOW, LEAST_ENTRIES = 4, 65536
WINDOW = .2                     # Seconds to look at hits for.
MISS_TOLERANCE = .001           # Of the packets.


class Control:
    """The commands of ovs-appctl, over the socket that it uses, too."""

    def __init__(self, system):
        self.system = system

    def ask(self, command, *args):
        request = {'id': 0, 'method': command, 'params': list(args)}
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(self.system.patience)
            sock.connect(self.system.path('ctl'))
            sock.sendall(json.dumps(request).encode())
            reply = b''
            while data := sock.recv(1 << 16):
                reply += data
                try:
                    answer = json.loads(reply)
                except ValueError:
                    continue    # There is more.
                if answer['error']:
                    raise Failure('%s: %s' % (command, answer['error']))
                return answer['result']
        raise Failure('%s: no reply' % command)


class Ovs(System):
    thread_names = 'pmd-',
    program = None              # Its path.
    settings = ()               # In other_config of table Open_vSwitch.

    def __init__(self, machine, directory, wires, point):
        super().__init__(machine, directory, wires, point)
        self.control = Control(self)
        self.server = None
        self.env.update(OVS_RUNDIR=directory, OVS_LOGDIR=directory)

    @staticmethod
    def count_txq(machine):
        """The main thread has one, too."""
        return len(machine.cpus) + 1

    def tool(self, name):
        return self.machine.programs.tool(name)

    def vsctl(self, *args):
        return run([self.tool('ovs-vsctl'), '--db=unix:' + self.path('db'),
                    '--timeout=%d' % self.patience, *args], 2 * self.patience,
                   self.env)

    def eal_log(self):
        with open(self.path('log'), encoding='utf-8') as file:
            return file.read()

    def start(self, traffic):
        self.start_database()
        self.start_switch()
        self.add_bridges()
        self.add_rules(traffic)
        self.add_ports()
        self.connect()
        self.await_flows(traffic)

    def start_database(self):
        run([self.tool('ovsdb-tool'), 'create', self.path('conf'),
             self.machine.programs.schema], env=self.env)
        self.server = Process(
            [self.tool('ovsdb-server'), '--remote=punix:' + self.path('db'),
             '--unixctl=' + self.path('db.ctl'), '-vsyslog:off',
             self.path('conf')],
            self.path('db.log'), self.machine.others, self.env)
        wait('ovsdb-server', lambda: os.path.exists(self.path('db')),
             self.patience, self.server)

    def start_switch(self):
        settings = {
            'dpdk-init': 'true',
            'dpdk-extra': ' '.join(self.machine.eal_options()
                                   + ['--log-level=lib.eal:debug']),
            'pmd-rxq-isolate': 'false',
            'pmd-cpu-mask': '%#x' % sum(
                1 << cpu for cpu in self.machine.cpus),
            'max-idle': FOREVER,
            'flow-limit': FLOW_LIMIT,
            'min-revalidate-pps': 0,
            **dict(self.settings)}
        self.vsctl('--no-wait', 'init', '--', 'set', 'Open_vSwitch', '.',
                   *('other_config:%s="%s"' % pair
                     for pair in settings.items()))
        self.process = Process(
            [*self.prefix, self.program, 'unix:' + self.path('db'),
             '--unixctl=' + self.path('ctl'), '--log-file=' + self.path('log'),
             '--enable-dummy', '--disable-system', '--disable-system-route',
             '-vsyslog:off', '-vconsole:err', '-vdpdk:file:dbg'],
            self.path('stderr'), self.machine.others, self.env)
        wait('ovs-vswitchd', lambda: os.path.exists(self.path('ctl')),
             self.patience, self.process)

    def add_bridges(self):
        """With the tunnels, and what the underlay would answer."""
        version = network.underlay(self.point.direction)
        args = []
        for bridge, mac, fail_mode in (
                ('br-int', '02:00:00:00:ff:02', 'secure'),
                ('br-phy', network.OUR_MAC, 'standalone')):
            args += ['--', 'add-br', bridge, '--', 'set', 'bridge', bridge,
                     'datapath_type=dummy', 'fail_mode=' + fail_mode,
                     'other_config:hwaddr="%s"' % mac]
        for vtep in range(network.VTEPS):
            args += ['--', 'add-port', 'br-int', 'vx%d' % vtep,
                     '--', 'set', 'interface', 'vx%d' % vtep, 'type=vxlan',
                     'ofport_request=%d' % (FIRST_TUNNEL + vtep),
                     'options:key=%d' % network.VNI,
                     'options:remote_ip="%s"'
                     % network.vtep_address(vtep, version)]
        self.vsctl(*args)
        address = '%s/%d' % (network.OUR_ADDRESS[version],
                             network.PREFIX[version])
        self.control.ask('netdev-dummy/ip%daddr' % version, 'br-phy', address)
        self.control.ask('ovs/route/add', address, 'br-phy')
        self.control.ask('tnl/neigh/aging', str(NEIGHBOUR_AGE))
        for vtep in range(network.VTEPS):
            self.control.ask('tnl/neigh/set', 'br-phy',
                             network.vtep_address(vtep, version),
                             network.vtep_mac(vtep))

    def add_rules(self, traffic):
        path = self.path('rules')
        with open(path, 'w', encoding='ascii') as file:
            for flow in range(traffic.n_stations):
                file.write('dl_dst=%s,actions=output:%d\n' % (
                    network.station_mac(flow), self.output(flow)))
        run([self.tool('ovs-ofctl'), 'add-flows',
             'unix:' + self.path('br-int.mgmt'), path], self.learning(),
            self.env)

    def output(self, flow):
        port = network.DIRECTIONS[self.point.direction][1]
        return (FIRST_TUNNEL + network.vtep_of(flow) if port == 'pf0'
                else VF_PORTS[port])

    def add_ports(self):
        """Those that packets leave by first."""
        source, sink = network.DIRECTIONS[self.point.direction]
        devices = {sink: self.wires.sink, source: self.wires.source}
        devices.setdefault('pf0', IDLE_DEVICE)
        args = []
        for port, device in devices.items():
            bridge = 'br-phy' if port == 'pf0' else 'br-int'
            args += ['--', 'add-port', bridge, port, '--', 'set', 'interface',
                     port, 'options:dpdk-devargs="%s"' % device,
                     *self.port_settings(port)]
            if port == source:
                args += ['options:n_rxq=%d' % self.wires.queues,
                         'other_config:pmd-rxq-affinity="%s"' % ','.join(
                             '%d:%d' % pair for pair in
                             enumerate(self.machine.cpus))]
            if port in VF_PORTS:
                args.append('ofport_request=%d' % VF_PORTS[port])
            else:
                args.append('mtu_request=%d' % network.UPLINK_MTU)
        self.vsctl(*args)
        errors = self.vsctl('--format=csv', '--no-headings',
                            '--columns=name,error', 'find', 'interface',
                            'error!=[]')
        if errors:
            raise Failure('OVS does not accept a port: '
                          + errors.splitlines()[0])

    def port_settings(self, port):
        raise NotImplementedError

    def flow_count(self):
        return int(re.search(r'current (\d+)',
                             self.control.ask('upcall/show')).group(1))

    def await_flows(self, traffic):
        self.allow_flows()
        wait('%d flows' % len(traffic.kinds),
             lambda: self.flow_count() >= len(traffic.kinds),
             self.learning(), self.process)

    def learning(self):
        return LEARNING * self.patience

    def allow_flows(self):
        """OVS allows for 10,000 flows at first, and for less where it takes
        long to look at all of them."""
        self.control.ask('upcall/set-flow-limit', str(FLOW_LIMIT))

    # While a switch is stopped, the time that it takes to look at all flows
    # would seem to be long, and OVS remove flows for it.

    def pause(self):
        self.control.ask('revalidator/pause')
        super().pause()

    def resume(self):
        super().resume()
        self.allow_flows()
        self.control.ask('revalidator/resume')

    def stop(self):
        super().stop()
        if self.server:
            self.server.end()


class Stock(Ovs):
    title = 'stock'

    @property
    def program(self):
        return self.machine.programs.stock

    def port_settings(self, port):
        return ['type=dpdk']


class Ours(Ovs):
    title = 'ours'
    settings = (('hw-offload', 'true'),)

    @property
    def program(self):
        return self.machine.programs.ours

    def port_settings(self, port):
        entries = max(ENTRIES_PER_FLOW * self.point.flows, LEAST_ENTRIES)
        return ['type=hw-vxlan', 'options:wire=dpdk'] + (
            ['options:max-flows=%d' % entries] if port == 'pf0' else
            ['options:nic=pf0', 'options:vf=%d' % VF_PORTS[port]])

    def nic_counts(self):
        port = network.DIRECTIONS[self.point.direction][0]
        nic, = json.loads(self.control.ask('hwvxlan/show', '--format=json'))
        return next((row['hits'], row['misses']) for row in nic['ports']
                    if row['port'] == port)

    def await_flows(self, traffic):
        super().await_flows(traffic)
        wanted = traffic.expected_hits() - MISS_TOLERANCE
        wait('hits of %.1f %% in the NIC' % (100 * wanted),
             lambda: self.hit_rate(WINDOW) >= wanted, self.learning(),
             self.process)

    def hit_rate(self, seconds):
        before = self.nic_counts()
        time.sleep(seconds)
        return hit_rate(before, self.nic_counts())


def hit_rate(before, after):
    """The part of the packets since 'before' that the NIC knew."""
    hits, misses = (b - a for a, b in zip(before, after))
    return hits / max(hits + misses, 1)
