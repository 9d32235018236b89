# SPDX-License-Identifier: Apache-2.0

"""What the benchmarks have in common: a switch on which time runs, and
figures of its main thread."""

import os
import re
import statistics
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'differential'))
# pylint: disable=wrong-import-position
import switch                           # noqa: E402

NEXT_HOP = '1.1.2.92'
WORLD = {'pmds': 1, 'pfs': ['pf0'], 'nic_of': {}, 'pf_options': {}}
FOREVER = 10000000              # Milliseconds.
REVALIDATOR = 2000              # Milliseconds, see make_world().
MAX_FLOWS = 2000000             # Of OVS.
ROOM = 4000                     # Flows, see add_flows().


class Switch(switch.Switch):
    """Bridge br0 with pf0, and br-int with vm1 and the port vx, that has
    TUNNEL for its options.  Flows do not expire."""

    ENV = {}

    def __init__(self, tools, variant, directory, tunnel):
        self.tunnel = tunnel
        super().__init__(tools, variant, directory, WORLD)

    def offloads(self):
        """OVS's dummy ports compare each packet with each flow that they were
        given to offload."""
        return self.variant != 'stock'

    def make_world(self):
        args = []
        for bridge, mac in (('br-int', 'aa:55:aa:55:00:01'),
                            ('br0', switch.LOCAL_MAC)):
            args += ['--', 'add-br', bridge, '--', 'set', 'bridge', bridge,
                     'datapath-type=dummy', 'fail-mode=secure',
                     'other-config:hwaddr=' + mac]
        args += self.add_port('br0', 'pf0') + self.add_port('br-int', 'vm1')
        args += ['--', 'add-port', 'br-int', 'vx', '--', 'set', 'interface',
                 'vx', 'type=vxlan', 'ofport_request=10']
        args += ['options:' + option for option in self.tunnel]
        # Where looking at all flows takes longer than half of this, OVS removes
        # those with few packets instead.
        args += ['--', 'set', 'open_vswitch', '.',
                 'other_config:max-revalidator=%d' % REVALIDATOR,
                 'other_config:flow-limit=%d' % MAX_FLOWS]
        self.set_idle(FOREVER)
        self.vsctl(*args)
        self.ctl('netdev-dummy/ip4addr', 'br0', '1.1.2.88/24')
        self.ctl('ovs/route/add', '1.1.2.88/24', 'br0')
        self.connect()
        self.ofctl('add-flow', 'br0', 'actions=normal')
        self.wait(lambda: 'Iterations' in self.ctl(
            'dpif-netdev/pmd-perf-show'), 'PMD threads')

    def connect(self):
        """OVS ends a connection where nobody answers it for a minute."""
        for connection in self.of.values():
            connection.close()
        for bridge in 'br-int', 'br0':
            self.of[bridge] = switch.control.OpenFlow(
                self.path(bridge + '.mgmt'))

    def find(self, port):
        if port.startswith('vm') and port != 'vm1':
            return vf_port(int(port[2:])), self.of['br-int']
        return super().find(port)

    def add_flows(self, frames, go_on=True):
        """Sends frames, {port: frames}, each of which makes a datapath flow of
        its own.  By itself OVS allows for 10,000 at first, and for 1,000 more
        each time that it has looked at all of them and that did not take long.
        Unless 'go_on', it looks at none from now on: at a million it looks for
        so long that it then removes most of them."""
        if not go_on:
            self.ctl('revalidator/pause')
        longest = max(map(len, frames.values()))
        for at in range(0, longest, switch.QUEUE):
            if self.flow_limit() - self.flows() < ROOM:
                self.ctl('upcall/set-flow-limit', MAX_FLOWS)
            self.inject_at_once({port: each[at:at + switch.QUEUE]
                                 for port, each in frames.items()})
        if go_on:
            self.barrier()

    def inject_at_once(self, frames):
        """As inject(), for ports of br-int at the same time and as many frames
        as their queues take: each request to a switch with thousands of ports
        takes long."""
        ports = self.of['br-int'].ports()
        want = {self.find(port)[0]: len(some) for port, some in frames.items()}
        want = {number: ports[number][0] + n for number, n in want.items()}
        self.ctl.all([('netdev-dummy/receive', self.wire(port),
                       *[frame.hex() for frame in some])
                      for port, some in frames.items() if some])

        def all_there():
            ports = self.of['br-int'].ports()
            return all(ports[number][0] >= n for number, n in want.items())
        self.wait(all_there, 'packets received')

    def rest(self):
        """Waits until all is done, and stops the switch, but not while it
        looks at flows: that would then seem to take very long."""
        self.barrier()
        self.ctl('revalidator/wait')
        self.pause(True)

    def flows(self):
        return int(re.search(r'\(current (\d+)\)',
                             self.ctl('upcall/show')).group(1))

    def flow_limit(self):
        return int(re.search(r'\(limit (\d+)\)',
                             self.ctl('upcall/show')).group(1))

    def process(self):
        return self.children[-1].pid

    def main_thread_time(self):
        """Returns the processor time of the main thread, in ns."""
        with open('/proc/%d/task/%d/schedstat' % (2 * (self.process(),)),
                  encoding='ascii') as file:
            return int(file.read().split()[0])

    def memory(self):
        """Returns the resident memory, in bytes."""
        with open('/proc/%d/statm' % self.process(), encoding='ascii') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')

    def coverage(self, counter):
        return int(self.ctl('coverage/read-counter', counter))


def vf_port(vf):
    """The OpenFlow port of a VF other than 1."""
    return 1000 + vf


def mac(number):
    return bytes.fromhex('0200%08x' % number)


def mac_text(number):
    return mac(number).hex(':')


def frame(dst, src):
    """An IPv4 packet of 64 bytes between two numbers' MAC addresses."""
    header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 50, 0, 0, 64, 253, 0,
                         bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
    total = sum(struct.unpack('!10H', header))
    total = (total & 0xffff) + (total >> 16)
    header = header[:10] + struct.pack('!H', total ^ 0xffff) + header[12:]
    return mac(dst) + mac(src) + b'\x08\0' + header + bytes(30)


def spread(values, unit, digits=1):
    """Median, and the least and the greatest value."""
    return '%.*f %s (%.*f to %.*f)' % (
        digits, statistics.median(values), unit,
        digits, min(values), digits, max(values))
