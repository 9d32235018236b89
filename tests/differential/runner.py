# SPDX-License-Identifier: Apache-2.0

"""Runs a case on one switch and writes down what could be seen.

Each step is: change something, barrier, all frames once, barrier, all frames
again some times, barrier, read all statistics.  So what OVS decided about a
frame is seen before the NIC knows about it, and after.  Some frames come for
the first time when the NIC knows others already ("from")."""

import concurrent.futures

import rules
import switch as switches

ROUNDS = 5                      # The first is misses, more or less.


class Observation:
    """What one switch did in one case."""

    def __init__(self):
        self.sent = []          # (step, round, in port, {out port: frames}).
        self.stats = []         # Of each step, as a dict.
        self.accounts = {}      # Of our ports: {port: {counter: n}}.
        self.predicted = []     # Verdicts of hwvxlan/trace: (frame, text).


def input_text(lines):
    return {'input': ''.join(line + '\n' for line in lines)}


def tunnel_config(tunnel):
    prefix = '2001:cafe::' if tunnel['six'] else '1.1.2.'
    if tunnel['vtep'] == 95:
        prefix = '2001:beef::' if tunnel['six'] else '1.1.3.'
    remote = 'flow' if not tunnel['vtep'] else '%s%d' % (prefix,
                                                         tunnel['vtep'])
    args = ['--', 'add-port', 'br-int', tunnel['name'], '--', 'set',
            'interface', tunnel['name'], 'type=vxlan',
            'ofport_request=%d' % tunnel['ofport'],
            'options:remote_ip="%s"' % remote,
            'options:key=%s' % tunnel['key'],
            'options:dst_port=%d' % tunnel['dst_port']]
    if remote == 'flow' and tunnel['six']:
        args.append('options:local_ip="2001:cafe::88"')
    return args + ['options:%s=%s' % item
                   for item in tunnel['options'].items()]


def at_once(*works):
    """Returns what each of 'works' returns, all done at the same time."""
    with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future
                in [pool.submit(work) for work in works]]


class Runner:
    def __init__(self, switch):
        self.switch = switch
        self.tunnels = []       # Of the case before.
        self.settings = False
        self.meters = []
        self.segments = False   # In this case.

    def setup(self, case):
        """Puts 'case' in the place of the case before, none of whose flows
        stays: see Session.stumbles() for what OVS may make of them."""
        s = self.switch
        self.segments = 'segments' in case
        s.ctl.all([('fdb/flush', 'br-int'), ('fdb/flush', 'br0'),
                   ('dpctl/flush-conntrack',)]
                  + [('fdb/add', 'br0', 'pf0', '0', mac)
                     for mac in case.get('fdb', ())]
                  + [('fdb/add', 'br0', 'br0', '0', switches.LOCAL_MAC)])
        if s.variant != 'stock':
            s.ctl('hwvxlan/fdb-flush', '--all')
        s.reset_underlay()
        s.set_idle(switches.IDLE)
        # The switch takes its time for each, and rules need no ports.
        at_once(lambda: self.configure(case),
                lambda: self.set_pipeline(case, 'br-int'),
                lambda: self.set_pipeline(case, 'br0'))
        if s.variant != 'stock' and self.segments:
            self.forget_withdrawn()
        s.ctl('revalidator/purge')
        s.ctl.all([args for _, *args in case.get('commands', ())])
        if self.segments:
            s.next_hops()

    def forget_withdrawn(self):
        """Lets the user's rules for a segment's VF send again to a VTEP that
        no segment has any more: that takes a second, and OVS has to look at
        all flows three times."""
        self.switch.pass_time(1200)
        self.switch.set_idle(switches.IDLE)
        for _ in range(3):
            self.switch.revalidate()
            self.switch.ctl('version')

    def set_pipeline(self, case, bridge):
        """Rules and what they refer to, instead of those there are."""
        s = self.switch
        lines = ['flow delete', 'group delete group_id=all']
        if bridge == 'br-int':
            if case['meters'] or self.meters:
                s.ofctl('del-meters', bridge)
                for meter in case['meters']:
                    s.ofctl('add-meter', bridge, meter)
                self.meters = case['meters']
            lines += ['group add ' + group for group in case['groups']]
        lines += ['flow add ' + rules.rule_text(rule, case['tunnels'])
                  for rule in case['rules'] if rule['bridge'] == bridge]
        s.ofctl('bundle', bridge, '-', **input_text(lines))

    def configure(self, case):
        """What is in the database.  Old tunnels go first: OVS would refuse
        new ones that are like them."""
        args = []
        for tunnel in self.tunnels:
            args += ['--', '--if-exists', 'del-port', tunnel['name']]
        if self.settings:
            args += ['--', 'clear', 'bridge', 'br-int', 'mirrors']
            for port in 'vm1', 'vm2', 'vm3', 'vm4':
                args += ['--', 'clear', 'port', port, 'tag',
                         '--', 'remove', 'interface', port, 'options', 'vni',
                         'vlan', 'mac', 'unknown']
        if args:
            self.switch.vsctl(*args)
        args = []
        for tunnel in case['tunnels']:
            args += tunnel_config(tunnel)
        for setting in case['settings']:
            args += (['--'] if setting[0] != '--' else []) + setting
        if args:
            self.switch.vsctl(*args)
        self.tunnels = case['tunnels']
        self.settings = bool(case['settings'])

    def add_rules(self, case, added):
        for bridge in 'br-int', 'br0':
            lines = [rules.rule_text(rule, case['tunnels'])
                     for rule in added if rule['bridge'] == bridge]
            if lines:
                self.switch.ofctl('add-flows', bridge, '-',
                                  **input_text(lines))

    def change(self, case, step):
        s = self.switch
        if 'add' in step:
            self.add_rules(case, step['add'])
        for cookie in step.get('delete', ()):
            s.ofctl('del-flows', 'br-int', 'cookie=%#x/-1' % cookie)
        for cookie, actions in step.get('modify', ()):
            s.ofctl('mod-flows', 'br-int', 'cookie=%#x/-1,actions=%s' % (
                cookie, ','.join(actions) or 'drop'))
        commands = list(step.get('commands', ()))
        if s.variant == 'on':
            commands += step.get('on', ())
        s.ctl.all([args for program, *args in commands if program == 'ctl'])
        for program, *args in commands:
            if program == 'vsctl':
                s.vsctl(*args)
        if self.segments:
            s.next_hops()
        if 'on' in step:
            # What has left the NIC comes back a second later.
            s.pass_time(1500)

    def inject(self, frames, slow):
        """Yields (in port, {out port: frames sent})."""
        for port in dict.fromkeys(frame['port'] for frame in frames):
            data = [bytes.fromhex(frame['hex']) for frame in frames
                    if frame['port'] == port]
            if not slow:
                self.switch.inject(port, data)
            for one in data if slow else ():
                self.switch.inject(port, [one])
                self.switch.revalidate()
                if self.segments:
                    self.switch.next_hops()
            yield port, {out: sent for out, sent in self.switch.sent().items()
                         if sent}

    # In a case that learns, what is learned must not depend on how soon flows
    # are revalidated: then each frame gets a barrier of its own once.
    def run(self, case):
        s = self.switch
        seen = Observation()
        self.setup(case)
        s.barrier()
        s.sent()
        seen.stats.append(self.statistics())
        for number, step in enumerate(case['steps']):
            self.change(case, step)
            s.barrier()
            frames = [frame for frame in step['frames']
                      if frame['port'] in s.tx]
            for turn in range(ROUNDS):
                now = [frame for frame in frames
                       if frame.get('from', 0) <= turn]
                slow = case.get('learns') and turn == 0
                if turn == 1 and s.variant == 'on':
                    seen.predicted += self.predict(now)
                for port, out in self.inject(now, slow):
                    seen.sent.append((number, turn, port, out))
                if turn == 0:
                    s.barrier()
            s.barrier()
            # A neighbour is asked for again and again while there is none.
            seen.sent.append((number, ROUNDS, None, s.sent()))
            seen.stats.append(self.statistics())
        if s.variant != 'stock':
            seen.accounts = s.accounts()
        return seen

    def predict(self, frames):
        """Yields what the NIC is about to do with each frame."""
        for port in dict.fromkeys(frame['port'] for frame in frames
                                  if frame['port'] != 'd'):
            some = [frame for frame in frames if frame['port'] == port]
            yield from zip(some, self.switch.trace(
                port, [bytes.fromhex(frame['hex']) for frame in some]))

    def statistics(self):
        s = self.switch
        stats = {'ports': s.port_counts()}
        for bridge in 'br-int', 'br0':
            of = s.of[bridge]
            stats[bridge] = {'rules': sorted(of.flows()),
                             'tables': of.tables(), 'groups': of.groups(),
                             'ports': of.ports()}
        if s.variant == 'on':
            stats['nic'] = s.hits()
        return stats


def make_switches(tools, variants, directory, world):
    """Returns {variant: runner}."""
    found = {}

    def make(variant):
        found[variant] = Runner(switches.Switch(
            tools, variant, '%s/%s' % (directory, variant), world))

    try:
        at_once(*[lambda variant=variant: make(variant)
                  for variant in variants])
    except BaseException:
        for runner in found.values():
            runner.switch.stop()
        raise
    return found
