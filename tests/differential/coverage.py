# SPDX-License-Identifier: Apache-2.0

"""Counts what the NIC has handled: a run in which it did little proves
little."""

import math

import compare
import frames as wire
import runner

SHARE = 0.3                     # Of the frames of each direction.
FULL = 1000                     # Times, in a full run.
FULL_TIME = 3600                # Seconds.
SPREAD = 0.8                    # Of the ports that random ones would be.
LEAST = 10                      # Times, in any run.
CLASS = {'tx': 'tx IPv%d fragment %s ECN %d', 'rx': 'rx IPv%d fragment %s'
         '%.0s'}                # ECN is no part of the key on receive.


def classify(data):
    """Returns IP version, fragment kind and ECN of an untagged frame, as the
    NIC's classes tell them apart, or None."""
    kind = data[12:14]
    if kind == b'\x08\0' and len(data) > 21:
        fragment = int.from_bytes(data[20:22], 'big') & 0x3fff
        return 4, fragment_kind(fragment & 0x1fff, fragment), data[15] & 3
    if kind == b'\x86\xdd' and len(data) > 60:
        offset = 0
        if data[20] == 44:
            offset = int.from_bytes(data[56:58], 'big')
        return 6, fragment_kind(offset & 0xfff8, data[20] == 44), \
            data[15] >> 4 & 3
    return None


def fragment_kind(offset, fragment):
    return 'later' if offset else 'first' if fragment else 'no'


class Coverage:
    def __init__(self):
        self.frames = {'tx': 0, 'rx': 0}
        self.hits = {'tx': 0, 'rx': 0}
        self.kinds = {}
        self.source_ports = {}  # By inner flow.

    def count(self, kind, n=1):
        self.kinds[kind] = self.kinds.get(kind, 0) + n

    def add(self, case, seen):
        """Adds what "on" did in a case."""
        if 'on' not in seen:
            return
        self.add_counts(seen['on'].stats)
        for frame, verdict in seen['on'].predicted:
            if 'OVS handles it' not in verdict:
                self.add_hit(bytes.fromhex(frame['hex']), verdict,
                             runner.ROUNDS - 1, 'segments' in case)
        self.source_ports.update(compare.source_ports(case, seen['on']))

    def add_counts(self, stats):
        for what in 'promotions', 'evictions':
            self.count(what, sum(nic[what] for nic in stats[-1]['nic'])
                       - sum(nic[what] for nic in stats[0]['nic']))
        for counts in nic_counts(stats):
            for direction, (hits, misses) in counts.items():
                self.hits[direction] += hits
                self.frames[direction] += hits + misses

    def add_hit(self, data, verdict, n, segment):
        direction = 'tx'
        inner = data
        if 'VLAN tag. The NIC' in verdict:
            direction = 'rx'
            inner = data[:12] + data[16:]
            self.count('rx from VLAN', n)
        elif 'takes off' in verdict:
            direction = 'rx'
            inner = wire.split(data)[2][8:]
        found = classify(inner)
        if found is None:
            self.count('%s unclassified' % direction, n)
            return
        version, fragment, ecn = found
        self.count(CLASS[direction] % (version, fragment, ecn), n)
        self.count('%s output %s' % (direction, output_kind(verdict)), n)
        if segment:
            self.count('%s segment %s' % (direction, output_kind(verdict)), n)
        self.count('%s shape %s' % (direction, shape(verdict)), n)

    def lacking(self, seconds):
        """Returns what has been handled too rarely in a run of 'seconds'."""
        least = FULL
        if seconds < FULL_TIME:
            least = max(LEAST, int(FULL * seconds / FULL_TIME / 2))
        found = ['%s: %d of %d frames were hits, less than %d %%' % (
            direction, self.hits[direction], total, SHARE * 100)
            for direction, total in self.frames.items()
            if self.hits[direction] < SHARE * total]
        if self.spread() < SPREAD * self.expected_spread():
            found.append('%d flows had only %d outer UDP source ports' % (
                len(self.source_ports), self.spread()))
        return found + ['%s: %d times, less than %d' % (
            kind, self.kinds.get(kind, 0), least) for kind in WANTED
            if self.kinds.get(kind, 0) < least]

    def spread(self):
        return len(set(self.source_ports.values()))

    def expected_spread(self):
        """How many ports that many flows have, if ports are random."""
        n = wire.PORT_MAX - wire.PORT_MIN
        return n * (1 - math.exp(-len(self.source_ports) / n))

    def summary(self):
        lines = ['%s: %d frames, %d hits (%d %%)' % (
            direction, total, self.hits[direction],
            100 * self.hits[direction] / max(1, total))
            for direction, total in self.frames.items()]
        lines.append('%d flows had %d outer UDP source ports' % (
            len(self.source_ports), self.spread()))
        return '\n'.join(lines + ['  %-28s %7d' % item
                                  for item in sorted(self.kinds.items())])


def nic_counts(stats):
    """Yields the increase of (hits, misses) of all ports by direction."""
    first, last = ({(nic['nic'], port['port']): port for nic in one['nic']
                    for port in nic['ports']} for one in (stats[0], stats[-1]))
    for key, port in last.items():
        before = first[key]
        hits = sum(port[name] - before[name] for name in ('hits', 'dropped'))
        yield {'rx' if port['role'] == 'uplink' else 'tx':
               (hits, port['misses'] - before['misses'])}


def output_kind(verdict):
    if 'encapsulates' in verdict:
        vtep = verdict.split('VTEP ')[1].split()[0]
        return 'tunnel v6' if ':' in vtep else 'tunnel v4'
    if 'to VF' in verdict:
        return 'VF'
    if 'with a tag of VLAN' in verdict:
        return 'VLAN'
    if 'to the uplink' in verdict:
        return 'uplink'
    return 'drop'


def shape(verdict):
    """Which MACs the flow matches on, as the trace tells below the verdict."""
    flow = verdict.rsplit('Datapath flow: ', 1)[-1].split(', actions:')[0]
    return '+'.join(name for name in ('dl_dst', 'dl_src')
                    if name + '=' in flow) or 'none'


# All that the NIC tells apart, but VLANs: few of the random worlds have flows
# for them that the NIC takes.
WANTED = (
    sorted({CLASS[direction] % (version, fragment, ecn)
            for direction in CLASS for version in (4, 6)
            for fragment in ('no', 'first', 'later') for ecn in range(4)})
    + ['%s shape %s' % (direction, which) for direction in ('tx', 'rx')
       for which in ('none', 'dl_dst', 'dl_src', 'dl_dst+dl_src')]
    + ['tx output ' + kind for kind in ('VF', 'uplink', 'tunnel v4',
                                        'tunnel v6', 'drop')]
    + ['rx output VF', 'rx output drop']
    + ['tx segment ' + kind for kind in ('VF', 'VLAN', 'tunnel v4',
                                         'tunnel v6', 'drop')]
    + ['rx segment VF', 'evictions'])
