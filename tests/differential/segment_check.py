# SPDX-License-Identifier: Apache-2.0

"""Holds what a switch sent in a case with segments against the model of
segments: to which ports and VTEPs, with which VNI, and to which next hop.

That goes up to the first frame that only a switch can read, as nobody else
knows what it teaches."""

import collections
import ipaddress

import frames as wire
import model
import rules
import runner
import segment_cases
import segments
import switch
import traffic

PORTS = {number: name for name, number in rules.INT_PORTS.items()}


class Oracle:
    def __init__(self, case):
        self.model = segments.Segments(segment_cases.VFS)
        self.model.apply(case['segments'])
        self.rules = model.Model(case)
        self.next_hops = {traffic.vtep(n, six): mac for six in (False, True)
                          for n, mac in switch.VTEP_MACS.items()}
        self.gateway = 92

    def change(self, step):
        self.model.apply(step.get('segments', ()))
        self.rules.change(step)
        self.next_hops.update(step.get('moves', ()))
        self.gateway = step.get('gateway', self.gateway)

    def next_hop(self, vtep):
        six = ':' in vtep
        if vtep == traffic.vtep(95, six):
            vtep = traffic.vtep(self.gateway, six)
        return self.next_hops[vtep]

    def arrive(self, frame):
        """Returns (segment, place, fields, inner frame) of a frame when it
        gets to br-int; fields are None if it does not."""
        fields, port = frame['fields'], frame['port']
        data = bytes.fromhex(frame['hex'])
        if 'tunnel' in fields:
            outer = fields['tunnel']
            fields = self.rules.decapsulate(port, fields)
            vtag, place = 'vni=%d' % outer['vni'], outer['from']
            data = wire.split(data)[2][8:]
        elif port.startswith('pf'):
            fields = dict(fields, in_port='to-phy')
            vtag, place = segment_cases.VLAN, segments.UPLINK
            data = data[:12] + data[16:]
        else:
            vtag, place = self.model.vtag[port], port
        return vtag, place, fields, data

    def reaches(self, frame):
        """Does it get to the rules of br-int?"""
        _, place, fields, _ = self.arrive(frame)
        return fields and not self.model.is_spoofed(place, fields['dl_src'])

    def is_foreign(self, frame):
        """Does it come from elsewhere, to a segment that has no VF here?"""
        vtag, place, _, _ = self.arrive(frame)
        return not (self.model.is_local(place) or self.model.members(vtag))

    def send(self, frame):
        """Yields what ought to be sent: (port, inner frame) or, of a trunk,
        with all that is around it."""
        if not self.reaches(frame):
            return
        vtag, place, fields, data = self.arrive(frame)
        rule = self.rules.lookup('br-int', 0, fields)
        if rule and rule['priority'] > 1:
            yield from self.obey(rule, place, data)
        elif vtag and not self.is_foreign(frame):
            for to in self.model.send(vtag, place, fields['dl_src'],
                                      fields['dl_dst']):
                yield self.leave(vtag, to, data)

    def obey(self, rule, place, data):
        """The user's rules come first."""
        for action in rule['actions']:
            port = PORTS[int(action.split(':')[1])]
            if port != place:
                yield port, data

    def leave(self, vtag, to, data):
        if self.model.is_local(to):
            return to, data
        if to == segments.UPLINK:
            return to, data[:12] + b'\x81\0\0\7' + data[12:]
        return to, int(vtag[4:]), self.next_hop(to), data


def mac_text(data):
    return ':'.join('%02x' % byte for byte in data)


def outer_destination(head):
    """The destination IP address in the headers of a VXLAN packet."""
    if head[12:14] == b'\x08\0':
        return str(ipaddress.ip_address(head[30:34]))
    return str(ipaddress.ip_address(head[38:54]))


def shape(port, data):
    """What the oracle says about such a frame."""
    if not port.startswith('pf'):
        return port, data
    parts = wire.split(data)
    if not parts or data[6:12] != switch.LOCAL_MAC_BYTES:
        return segments.UPLINK, data
    head, _, rest = parts
    return (outer_destination(head), int.from_bytes(rest[4:7], 'big'),
            mac_text(head[:6]), rest[8:])


def readable(what):
    return ' '.join(part[:60].hex() if isinstance(part, bytes) else str(part)
                    for part in what)


def check(case, seen, name):
    """Yields what is wrong in 'seen'."""
    oracle = Oracle(case)
    sent = {(step, turn, port): out for step, turn, port, out in seen.sent}
    for number, step in enumerate(case['steps']):
        oracle.change(step)
        for turn in range(runner.ROUNDS):
            by_port = {}
            for frame in step['frames']:
                if frame.get('from', 0) <= turn:
                    by_port.setdefault(frame['port'], []).append(frame)
            for port, some in by_port.items():
                if not all('fields' in frame for frame in some):
                    return
                want = collections.Counter(
                    what for frame in some for what in oracle.send(frame))
                got = collections.Counter(
                    shape(out, data)
                    for out, found in sent[number, turn, port].items()
                    for data in found if not wire.own_question(data))
                for what in sorted(set(want) | set(got), key=str):
                    if want[what] != got[what]:
                        yield ('step %d, round %d, %s: %s: sent %d times to %s'
                               ' instead of %d' % (
                                   number, turn, port, name, got[what],
                                   readable(what), want[what]))
