# SPDX-License-Identifier: Apache-2.0

"""Runs and drives one ovs-vswitchd of the three that are compared.

A switch lives for many cases.  Its bridges, ports and underlay are made once,
for a "world" (see generate.py); tunnels, rules and the rest come and go with
each case.  Only what changes by configuration differs between variants:

    on      ours, the NIC handles what it can
    off     ours with options:offload=false, the NIC handles nothing
    stock   OVS's own ovs-vswitchd, with its dummy ports in place of ours

Time is stopped throughout: nothing expires, and a meter's bucket is never
filled up again."""

import ctypes
import json
import os
import re
import signal
import struct
import subprocess
import time

import control

QUEUE = 80                      # A dummy port holds 100 packets at a time.
# While time is stopped, a PMD thread lets others reclaim memory only every
# 1024 rounds, and each change of configuration waits for that.  So it must not
# sleep for long; if it did not sleep at all, three switches would take all
# CPUs.
SLEEP = 50                      # Microseconds.
PR_SET_TIMERSLACK = 29
IDLE = 10                       # Milliseconds; see set_idle().
STEP = 40                       # Milliseconds; see pass_time().
PATIENCE = 90                   # Seconds: on a machine that is busy otherwise.
LOCAL_MAC = 'aa:55:aa:55:00:00'
LOCAL_MAC_BYTES = bytes.fromhex(LOCAL_MAC.replace(':', ''))
VTEP_MACS = {92: 'f8:bc:12:44:34:b6', 93: 'f8:bc:12:44:34:b7',
             94: 'f8:bc:12:44:34:b8'}
PORTS = {'br-int': {'vm1': 1, 'vm2': 2, 'vm3': 3, 'vm4': 4, 'to-phy': 8,
                    'd': 9},
         'br0': {'pf0': 1, 'pf1': 2, 'to-int': 8}}


class SwitchError(Exception):
    """The switch died or does not do what it is asked to."""


def precise_sleep():
    """Lets a child sleep for some microseconds, not at least 50 more."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)


class Tools:
    """Where the programs are."""

    def __init__(self, build, ours=None):
        with open(os.path.join(build, 'Makefile')) as file:
            text = file.read()
        self.ovs_build = re.search(r'^OVS_BUILD = (.*)', text, re.M).group(1)
        self.schema = os.path.join(
            re.search(r'^OVS_SRC = (.*)', text, re.M).group(1),
            'vswitchd/vswitch.ovsschema')
        self.ours = ours or os.path.join(build, 'vswitchd/ovs-vswitchd')
        self.stock = os.path.join(self.ovs_build, 'vswitchd/ovs-vswitchd')

    def path(self, name):
        folder = 'ovsdb' if name.startswith('ovsdb') else 'utilities'
        return os.path.join(self.ovs_build, folder, name)


class Pcap:
    """What a port has sent since the last time that somebody looked."""

    def __init__(self, path):
        self.path = path
        self.at = 24
        self.file = None

    def new(self):
        if self.file is None:
            self.file = open(self.path, 'rb')
        self.file.seek(self.at)
        data = self.file.read()
        frames = []
        at = 0
        while at + 16 <= len(data):
            length, = struct.unpack('=I', data[at + 8:at + 12])
            if at + 16 + length > len(data):
                break
            frames.append(data[at + 16:at + 16 + length])
            at += 16 + length
        self.at += at
        return frames


class Switch:
    # Memory that is used before it is written or after it is freed shows.
    ENV = {'MALLOC_PERTURB_': '165'}

    def __init__(self, tools, variant, directory, world):
        self.tools = tools
        self.variant = variant
        self.dir = directory
        self.world = world
        self.children = []
        self.tx = {}
        self.of = {}
        self.received = {}
        self.idle = IDLE
        os.makedirs(directory)
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def offloads(self):
        """Is OVS to offload flows?"""
        return True

    # Life.

    def start(self):
        env = dict(os.environ, OVS_RUNDIR=self.dir, OVS_LOGDIR=self.dir,
                   OVS_DBDIR=self.dir, OVS_SYSLOG_METHOD='null', **self.ENV)
        self.env = env
        database = os.path.join(self.dir, 'conf.db')
        self.run('ovsdb-tool', 'create', database, self.tools.schema)
        self.spawn([self.tools.path('ovsdb-server'), '--no-chdir',
                    '--remote=punix:' + self.path('db.sock'),
                    '--unixctl=' + self.path('db.ctl'), database], 'ovsdb')
        control.connect_soon(self.path('db.sock')).close()
        config = ['--no-wait', 'init', '--', 'set', 'open_vswitch', '.',
                  'other_config:hw-offload=%s' % str(self.offloads()).lower(),
                  'other_config:max-idle=%d' % IDLE,
                  'other_config:pmd-maxsleep=%d' % SLEEP,
                  'other_config:pmd-cpu-mask=%x' % self.world['pmds']]
        self.vsctl(*config)
        binary = (self.tools.stock if self.variant == 'stock'
                  else self.tools.ours)
        self.spawn([binary, '--no-chdir', '--enable-dummy',
                    '--disable-system', '--disable-system-route',
                    '--dummy-numa', '0,0',
                    '--unixctl=' + self.path('ctl'),
                    '--log-file=' + self.path('log'),
                    'unix:' + self.path('db.sock')], 'vswitchd')
        self.ctl = control.UnixCtl(self.path('ctl'))
        self.clock = control.UnixCtl(self.path('ctl'))
        self.ctl('vlog/set', 'file:warn')
        self.make_world()

    def stop(self):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.children = []

    def spawn(self, args, name):
        with open(self.path(name + '.err'), 'wb') as err:
            self.children.append(subprocess.Popen(
                args, env=self.env, stdin=subprocess.DEVNULL, stdout=err,
                stderr=err, preexec_fn=precise_sleep))

    def check_alive(self):
        for child in self.children:
            if child.poll() is not None:
                raise SwitchError('%s: %s ended with %s; see %s' % (
                    self.variant, os.path.basename(child.args[0]),
                    child.returncode, self.dir))

    def pause(self, stop):
        """A switch that waits for the others should take no CPU time."""
        self.children[-1].send_signal(signal.SIGSTOP if stop
                                      else signal.SIGCONT)

    # Configuration.

    def path(self, name):
        return os.path.join(self.dir, name)

    def run(self, program, *args, **kwargs):
        done = subprocess.run([self.tools.path(program), *args], env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=2 * PATIENCE, text=True, check=False,
                              **kwargs)
        if done.returncode:
            raise SwitchError('%s: %s %s: %s' % (
                self.variant, program, ' '.join(args), done.stderr.strip()))
        return done.stdout

    def vsctl(self, *args):
        return self.run('ovs-vsctl', '--db=unix:' + self.path('db.sock'),
                        '--timeout=%d' % PATIENCE, *args)

    def ofctl(self, command, bridge, *args, **kwargs):
        return self.run('ovs-ofctl', '-O', 'OpenFlow15', command,
                        'unix:' + self.path(bridge + '.mgmt'), *args,
                        **kwargs)

    def add_port(self, bridge, name):
        """Arguments of ovs-vsctl for a port with a wire."""
        args = ['--', 'add-port', bridge, name, '--', 'set', 'interface',
                name, 'ofport_request=%d' % PORTS[bridge][name],
                'options:tx_pcap=' + self.path(name + '.pcap')]
        self.tx[name] = Pcap(self.path(name + '.pcap'))
        if name == 'd':
            return args + ['type=dummy-pmd']
        if self.variant == 'stock':
            return args + ['type=dummy-pmd']
        args += ['type=hw-vxlan', 'options:wire=dummy']
        if name.startswith('vm'):
            nic = self.world['nic_of'].get(name, 'pf0')
            return args + ['options:nic=' + nic, 'options:vf=' + name[2:]]
        if self.variant == 'off':
            args.append('options:offload=false')
        args.append('options:learn-next-hop=true')
        return args + ['options:%s=%s' % item
                       for item in self.world['pf_options'].items()]

    def make_world(self):
        self.ctl('time/stop')
        args = []
        for bridge, mac in ('br-int', 'aa:55:aa:55:00:01'), ('br0', LOCAL_MAC):
            args += ['--', 'add-br', bridge, '--', 'set', 'bridge', bridge,
                     'datapath-type=dummy', 'fail-mode=secure',
                     'other-config:hwaddr=' + mac]
        for name in self.world['pfs']:
            args += self.add_port('br0', name)
        for name in 'vm1', 'vm2', 'vm3', 'vm4', 'd':
            args += self.add_port('br-int', name)
        for bridge, name, peer in (('br-int', 'to-phy', 'to-int'),
                                   ('br0', 'to-int', 'to-phy')):
            args += ['--', 'add-port', bridge, name, '--', 'set', 'interface',
                     name, 'type=patch', 'options:peer=' + peer,
                     'ofport_request=%d' % PORTS[bridge][name]]
        self.vsctl(*args)
        for address in '1.1.2.88/24', '2001:cafe::88/64':
            self.ctl('netdev-dummy/ip%saddr' % ('6' if ':' in address
                                                else '4'), 'br0', address)
            self.ctl('ovs/route/add', address, 'br0')
        for bridge in 'br-int', 'br0':
            self.of[bridge] = control.OpenFlow(self.path(bridge + '.mgmt'))
        self.reset_underlay()
        # PMD threads tell nothing about themselves before time has passed.
        self.ctl('time/warp', 1000)

    def reset_underlay(self):
        """The VTEPs' MAC addresses and the routes are as at the beginning."""
        commands = []
        for n, mac in VTEP_MACS.items():
            for ip in '1.1.2.%d' % n, '2001:cafe::%d' % n:
                commands.append(('tnl/neigh/set', 'br0', ip, mac))
        commands += [
            ('ovs/route/add', '1.1.3.0/24', 'br0', '1.1.2.92'),
            ('ovs/route/add', '2001:beef::/64', 'br0', '2001:cafe::92')]
        self.ctl.all(commands)

    # Traffic.

    def wire(self, port):
        if self.variant == 'stock' or port == 'd':
            return port
        return port + '.wire'

    def port_counts(self):
        """Returns {port: (rx packets, tx packets, rx bytes, tx bytes)}."""
        counts = {}
        for bridge, names in PORTS.items():
            ports = self.of[bridge].ports()
            for name, number in names.items():
                if number in ports:
                    counts[name] = ports[number]
        return counts

    def accounts(self):
        """Returns {port: {counter: n}}, of the counters of our own."""
        found = {}
        for bridge, names in PORTS.items():
            text = self.ofctl('dump-ports', bridge)
            for part in re.split(r'^ *port +', text, flags=re.M)[1:]:
                number = part.split(':')[0].strip(' "')
                counters = {name: int(n) for name, n in re.findall(
                    r'\b((?:rx|tx)_[a-z_]+)=(\d+)', part)}
                if 'rx_hits' in counters:
                    port, = (name for name, port in names.items()
                             if number in (name, str(port)))
                    found[port] = counters
        return found

    def inject(self, port, frames):
        """Lets 'port' receive 'frames', and waits until all are through."""
        number, of = self.find(port)
        want = of.received(number)
        for at in range(0, len(frames), QUEUE):
            some = frames[at:at + QUEUE]
            self.ctl('netdev-dummy/receive', self.wire(port),
                     *[frame.hex() for frame in some])
            want += len(some)
            self.wait(lambda: of.received(number) >= want,
                      'packets received by ' + port)
        self.settle()

    def send(self, port, frames):
        """Lets 'port' receive 'frames', and does not wait until they are
        through, only for room in its queue.  May run beside commands."""
        number, of = self.find(port)
        if port not in self.received:
            self.received[port] = of.received(number)
        for at in range(0, len(frames), QUEUE // 2):
            some = frames[at:at + QUEUE // 2]
            self.wait(lambda: self.received[port] + len(some)
                      - of.received(number) <= QUEUE, 'room in ' + port)
            self.clock('netdev-dummy/receive', self.wire(port),
                       *[frame.hex() for frame in some])
            self.received[port] += len(some)

    def all_received(self):
        """Waits until what send() has sent has been received."""
        for port, count in self.received.items():
            number, of = self.find(port)
            self.wait(lambda: of.received(number) >= count,
                      'packets received by ' + port)
        self.received = {}

    def find(self, port):
        """Returns the OpenFlow port, and a connection to its bridge."""
        bridge = 'br0' if port in PORTS['br0'] else 'br-int'
        return PORTS[bridge][port], self.of[bridge]

    def wait(self, condition, what):
        end = time.monotonic() + PATIENCE
        pause = 0.0002
        while not condition():
            self.check_alive()
            if time.monotonic() > end:
                raise SwitchError('%s: waited too long for %s; see %s' % (
                    self.variant, what, self.dir))
            time.sleep(pause)
            pause = min(pause * 2, 0.01)

    def iterations(self):
        text = self.ctl('dpif-netdev/pmd-perf-show')
        found = [int(n) for n in re.findall(r'^ *Iterations: *(\d+)', text,
                                            re.M)]
        if len(found) != bin(self.world['pmds']).count('1'):
            raise SwitchError('%s: unexpected PMD threads:\n%s' % (
                self.variant, text))
        return found

    def settle(self):
        """Waits until each PMD thread has polled its ports twice from the
        beginning, so nothing is on its way any more."""
        old = self.iterations()
        self.wait(lambda: all(b >= a + 2
                              for a, b in zip(old, self.iterations())),
                  'PMD threads')

    def sent(self):
        """Returns {port: frames}, what has been sent since the last time."""
        return {name: pcap.new() for name, pcap in self.tx.items()}

    # Barriers.

    def revalidate(self):
        """Waits until OVS has looked at each flow and its statistics.  The
        round that ends first may have begun before."""
        self.ctl('revalidator/wait')
        self.ctl('revalidator/wait')

    def pass_time(self, milliseconds):
        """Lets time pass, slowly enough for OVS not to believe that it takes
        too long to look at each flow; none expires."""
        self.set_idle(10000000)
        for _ in range(0, milliseconds, STEP):
            self.clock('time/warp', STEP)
            time.sleep(0.002)

    def set_idle(self, idle):
        """Sets when flows expire.  That is also how often OVS looks at them:
        while time is stopped, very often is best, and none expires."""
        if idle != self.idle:
            self.idle = idle
            self.vsctl('set', 'open_vswitch', '.',
                       'other_config:max-idle=%d' % idle)

    def queued(self):
        text = self.ctl('dpctl/offload-stats-show')
        return sum(int(n) for n in re.findall(r'Enqueued offloads: *(\d+)',
                                              text))

    def barrier(self):
        """Nothing moves any more, and each rule, port and table is up to
        date."""
        self.settle()
        self.revalidate()
        if self.variant == 'on':
            self.wait(lambda: not self.queued(), 'the offload queue')
            time.sleep(0.002)   # What was taken last may be under way.
            self.wait(lambda: not self.queued(), 'the offload queue')

    def next_hops(self):
        """Waits until segments know all their next hops."""
        self.wait(lambda: all(row['state'] != 'resolving' for row in json.loads(
            self.ctl('hwvxlan/vtep-show', '--format=json'))), 'next hops')

    def knows(self):
        """What a person wants to see after a failure."""
        commands = [('dpctl/dump-flows', '-m'), ('coverage/show',),
                    ('ovs/route/show',), ('tnl/neigh/show',)]
        if self.variant != 'stock':
            commands += [('hwvxlan/dump-flows',), ('hwvxlan/dump-tunnels',),
                         ('hwvxlan/dump-sources',),
                         ('hwvxlan/dump-rejected',), ('hwvxlan/show',),
                         ('hwvxlan/segment-show',), ('hwvxlan/fdb-show',),
                         ('hwvxlan/vtep-show',)]
        told = ['# %s\n%s' % (' '.join(command), self.ctl(*command))
                for command in commands]
        if self.variant != 'stock':
            told.append('# counters\n' + json.dumps(self.accounts(), indent=1))
        return '\n'.join(told)

    # What the NIC did; for "on" only.

    def hits(self):
        """Returns {port: hits}, of each port of our type."""
        rows = json.loads(self.ctl('hwvxlan/show', '--format=json'))
        return rows

    def trace(self, port, data):
        """What the NIC would do with a list of frames from 'port', with the
        datapath flows that say so."""
        return self.ctl.all([('hwvxlan/trace', port, one.hex())
                             for one in data])
