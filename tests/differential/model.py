# SPDX-License-Identifier: Apache-2.0

"""Says how often each rule of br-int must have been used, from what was sent.

This is the injector's own count: a classifier in a few lines that has never
seen OVS's.  It looks at table 0 and at what is plainly resubmitted from there.
A frame that only a switch can read may have gone to any rule, so each frame of
that kind widens all bounds by one; where there is none, the count is exact."""

import ipaddress

import rules
import runner
import traffic

PLAIN = ('output', 'resubmit', 'note', 'controller', 'sample', 'group')


def as_number(field, text):
    """The value of 'text', as an integer, and how many bits it may have."""
    if isinstance(text, int):
        return text
    if field in ('dl_dst', 'dl_src'):
        return int(text.replace(':', ''), 16)
    if '.' in text or ':' in text:
        return int(ipaddress.ip_address(text))
    return int(text, 0)


def masked_equal(field, want, value):
    """Does 'value' match 'want', which may be VALUE/MASK or ADDRESS/BITS?"""
    if not isinstance(want, str) or '/' not in want:
        return as_number(field, want) == as_number(field, value)
    want, mask = want.split('/')
    if field in ('nw_src', 'nw_dst', 'ipv6_src', 'ipv6_dst') and (
            mask.isdigit()):
        bits = 32 if field.startswith('nw') else 128
        mask = (1 << bits) - (1 << (bits - int(mask)))
    else:
        mask = as_number(field, mask)
    return as_number(field, want) & mask == as_number(field, value) & mask


def fragment_matches(want, value):
    return {'yes': value != 'no', 'not_later': value != 'later'}.get(
        want, want == value)


def matches(match, fields):
    for field, want in match.items():
        if field == 'ct_state':
            return False        # Nothing is tracked in table 0.
        if field == 'in_port':
            if want != fields['in_port']:
                return False
        elif field == 'ip_frag':
            if not fragment_matches(want, fields.get('ip_frag', 'no')):
                return False
        elif field == 'dl_vlan':
            if fields.get('vlan_tci', 0) & 0x1fff != 0x1000 | want:
                return False
        elif field in ('tp_src', 'tp_dst'):
            # OVS hides the ports of all fragments.
            value = fields.get(field, 0)
            if fields['ip_frag'] != 'no':
                value = 0
            if not masked_equal(field, want, value):
                return False
        elif field not in fields or not masked_equal(field, want,
                                                     fields[field]):
            return False
    return True


def takes_remote(tunnel, remote):
    """A tunnel for any remote has a local address, see runner.py, if it is for
    IPv6; otherwise it takes what comes."""
    if tunnel['vtep']:
        return remote == traffic.vtep(tunnel['vtep'], tunnel['six'])
    return ':' in remote or not tunnel['six']


def find_tunnel(tunnels, outer):
    """The tunnel that takes a packet: the one that says most about it."""
    for any_key in (False, True):
        for any_remote in (False, True):
            for tunnel in tunnels:
                if (tunnel['dst_port'] == outer['dport']
                        and (tunnel['key'] == 'flow') == any_key
                        and (tunnel['vtep'] is None) == any_remote
                        and (any_key or tunnel['key'] == outer['vni'])
                        and takes_remote(tunnel, outer['from'])):
                    return tunnel
    return None


class Model:
    def __init__(self, case):
        self.case = case
        self.rules = list(case['rules'])
        self.counts = {}        # cookie: [packets, bytes].
        self.lookups = 0        # In table 0.
        self.unknown = [0, 0]   # Frames that may have gone anywhere.
        self.times = 0          # How often the frame at hand is sent.
        self.exact = not (case.get('fdb') or case['settings'])

    def change(self, step):
        if step.get('blind'):
            self.exact = False
        gone = set(step.get('delete', ()))
        self.rules = [rule for rule in self.rules
                      if rule['cookie'] not in gone]
        for cookie, actions in step.get('modify', ()):
            self.rules = [dict(rule, actions=actions)
                          if rule['cookie'] == cookie else rule
                          for rule in self.rules]
        self.rules += step.get('add', ())

    def lookup(self, bridge, table, fields):
        found = [rule for rule in self.rules if rule['bridge'] == bridge
                 and rule['table'] == table
                 and matches(rule['match'], fields)]
        return max(found, key=lambda rule: rule['priority'], default=None)

    def send(self, frame):
        fields = frame.get('fields')
        length = len(frame['hex']) // 2
        self.times = runner.ROUNDS - frame.get('from', 0)
        if not fields:
            self.add(self.unknown, length)
            return
        if frame['port'].startswith('pf'):
            outer = fields['tunnel']
            fields = self.decapsulate(frame['port'], fields)
            if not fields:
                return
            length -= 70 if ':' in outer['from'] else 50
        self.lookups += self.times
        self.classify(0, fields, length)

    def decapsulate(self, port, fields):
        """Returns the fields of what reaches br-int, or None."""
        outer = fields['tunnel']
        six = ':' in outer['from']
        rule = self.lookup('br0', 0, {
            'in_port': port, 'dl_src': outer['src'],
            'dl_type': 0x86dd if six else 0x0800,
            'ipv6_src' if six else 'nw_src': outer['from']})
        if not rule or not rule['actions']:
            return None
        tunnel = find_tunnel(self.case['tunnels'], outer)
        if not tunnel:
            return None
        fields = dict(fields, in_port=tunnel['name'], tun_id=outer['vni'])
        if not six:
            fields['tun_src'] = outer['from']
        return fields

    def classify(self, table, fields, length):
        rule = self.lookup('br-int', table, fields)
        if not rule:
            return
        self.add(self.counts.setdefault(rule['cookie'], [0, 0]), length)
        for action in rule['actions']:
            if action.startswith('resubmit(,'):
                self.classify(int(action[10:-1]), fields, length)
            elif not action.startswith(PLAIN):
                break

    def add(self, counts, length):
        counts[0] += self.times
        counts[1] += self.times * length

    def check(self, stats, step, name):
        """Yields which rules of table 0 have been used too often or not often
        enough, after 'step'."""
        actual = {cookie: (packets, n_bytes) for table, _, cookie, packets,
                  n_bytes in stats['br-int']['rules'] if table == 0}
        for rule in self.rules:
            if rule['bridge'] != 'br-int' or rule['table'] or not self.exact:
                continue
            got = actual.get(rule['cookie'])
            least = self.counts.get(rule['cookie'], [0, 0])
            if got is None or not all(
                    low <= n <= low + more for low, n, more
                    in zip(least, got, self.unknown)):
                yield ('step %d, %s: rule "%s" has been used %s times (bytes),'
                       ' but %s, up to %s more, were sent to it' % (
                           step, name, rules.rule_text(
                               rule, self.case['tunnels']), got,
                           tuple(least), tuple(self.unknown)))

    def check_table(self, stats, first, step, name):
        """Yields if table 0 has been looked into too often or too rarely."""
        got, before = (one['br-int']['tables'].get(0, (0, 0))[0]
                       for one in (stats, first))
        if self.exact and not (self.lookups <= got - before
                               <= self.lookups + self.unknown[0]):
            yield ('step %d, %s: %d lookups in table 0, but %d, up to %d more,'
                   ' were to be made' % (step, name, got - before,
                                         self.lookups, self.unknown[0]))


def check(case, seen, name, ports):
    """Yields what is wrong with the rules' statistics in 'seen'."""
    model = Model(case)
    if not model.exact:
        return
    for number, step in enumerate(case['steps']):
        model.change(step)
        for frame in step['frames']:
            if frame['port'] in ports:
                model.send(frame)
        yield from model.check_table(seen.stats[number + 1], seen.stats[0],
                                     number, name)
        yield from model.check(seen.stats[number + 1], number, name)
