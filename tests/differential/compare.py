# SPDX-License-Identifier: Apache-2.0

"""Holds what the switches did against each other, and against what was sent.

What is exempt, and why:

* Against stock OVS, the value of the outer UDP source port: it depends on the
  hash function that the CPU offers, and ours hashes by itself.
* The same for packets from a port that is not ours, even between ours: OVS
  3.1 makes that port number of a hash that it has not computed if all flows of
  the port are simple ones.
* ARP requests and neighbour solicitations of the underlay's own: OVS asks
  once per upcall, and a NIC that forwards makes for fewer of them.
* The order of the copies of a frame that OVS floods (the order of its ports
  then depends on where they are in memory): packets of a case in which it may
  are in order for each tunnel.  Bytes of the underlay's rules are exempt
  there, as OVS counts the headers of one copy in those of the next.
* A switch without offload that differs from both others, once (see
  session.py): with two PMD threads, OVS now and then takes a packet for
  another.
"""

import frames as wire
import model
import segment_check

LOCAL_MAC = bytes.fromhex('aa55aa550000')


def seen_frames(sent, normalise):
    return {out: shown for out, frames in sent.items()
            for shown in [[normalise(frame) for frame in frames
                           if not wire.own_question(frame)]] if shown}


def by_tunnel(sent):
    """Frames by output port and, if they are VXLAN, by tunnel."""
    found = {}
    for out, frames in sent.items():
        for frame in frames:
            parts = wire.split(frame)
            key = out
            if parts:           # Less the lengths and the checksum.
                key += ' ' + (parts[0][:16] + parts[0][26:]).hex() \
                    + parts[2][4:8].hex()
            found.setdefault(key, []).append(frame)
    return found


def compare_sent(a, b, names, normalise, floods):
    """Yields what differs in the frames that two switches sent."""
    for (step, turn, port, out_a), (_, _, _, out_b) in zip(a.sent, b.sent):
        how = wire.without_port if port == 'd' else normalise
        out_a = seen_frames(out_a, how)
        out_b = seen_frames(out_b, how)
        if floods:
            out_a, out_b = by_tunnel(out_a), by_tunnel(out_b)
        if out_a == out_b:
            continue
        for out in sorted(set(out_a) | set(out_b)):
            x, y = out_a.get(out, []), out_b.get(out, [])
            if x != y:
                yield ('step %d, round %d, %s to %s: %s and %s differ: %s' % (
                    step, turn, port, out, *names, first_difference(x, y)))


def first_difference(x, y):
    for number, (one, other) in enumerate(zip(x, y)):
        if one != other:
            return 'frame %d of %d and %d:\n    %s\n    %s' % (
                number, len(x), len(y), shown(one), shown(other))
    longer = x if len(x) > len(y) else y
    return '%d and %d frames; one more:\n    %s' % (
        len(x), len(y), shown(longer[min(len(x), len(y))]))


def shown(frame):
    return frame.hex() if len(frame) < 150 else '%s... (%d bytes)' % (
        frame[:150].hex(), len(frame))


def packets_only(counts):
    return {rule: count[0] for rule, count in counts.items()}


def compare_stats(a, b, names, floods):
    """Yields what differs in the statistics at the end of each step."""
    for step, (x, y) in enumerate(zip(a.stats, b.stats)):
        for bridge in 'br-int', 'br0':
            for what in 'rules', 'tables', 'groups':
                one, other = (delta(s, z.stats[0], bridge, what)
                              for s, z in ((x, a), (y, b)))
                if floods and bridge == 'br0' and what == 'rules':
                    one, other = packets_only(one), packets_only(other)
                if one != other:
                    yield ('step %d, %s of %s: %s and %s differ:\n    %s' % (
                        step - 1, what, bridge, *names,
                        unlike(one, other)))


def delta(stats, first, bridge, what):
    """Counters since the case began; tables and groups outlive it."""
    now = stats[bridge][what]
    if what == 'rules':
        return {rule[:3]: rule[3:] for rule in now}
    before = first[bridge][what]
    return {key: tuple(n - m for n, m in zip(value, before.get(key, (0, 0))))
            for key, value in now.items()
            if value != before.get(key)}


def unlike(one, other):
    return '; '.join('%s: %s, %s' % (key, one.get(key), other.get(key))
                     for key in sorted(set(one) | set(other))
                     if one.get(key) != other.get(key))


def check_ports(seen, case, name):
    """Yields where port counters are not what came in and went out."""
    want = {}
    for number, port, length in received(case, seen):
        add(want, number, port, 0, length)
    for step, _, _, out in seen.sent:
        for port, frames in out.items():
            for frame in frames:
                add(want, step, port, 1, len(frame))
    total = {}
    for step, stats in enumerate(seen.stats[1:]):
        for port, counts in want.get(step, {}).items():
            total[port] = [n + m for n, m in zip(total.get(port, [0] * 4),
                                                 counts)]
        for port, before in seen.stats[0]['ports'].items():
            if port.startswith('to-'):
                continue        # A patch port: no wire to count on.
            got = [n - m for n, m in zip(stats['ports'][port], before)]
            if got != total.get(port, [0] * 4):
                yield ('step %d, %s: counters of %s are %s, but %s on the '
                       'wire' % (step, name, port, got, total.get(port)))


def check_accounts(seen, name):
    """Yields our ports whose own counters, in which each packet is in exactly
    one, do not add up to what went over the wire."""
    for port, counters in seen.accounts.items():
        rx, tx = (sum(n for what, n in counters.items()
                      if what.startswith(prefixes))
                  for prefixes in (('rx_hits', 'rx_miss', 'rx_drop'),
                                   ('tx_hits', 'tx_software')))
        if [rx, tx] != list(seen.stats[-1]['ports'][port][:2]):
            yield '%s: %s has received and sent %s packets, but counts %s' % (
                name, port, seen.stats[-1]['ports'][port][:2], counters)


def add(want, step, port, direction, length):
    counts = want.setdefault(step, {}).setdefault(port, [0] * 4)
    counts[direction] += 1
    counts[direction + 2] += length


def received(case, seen):
    """Yields (step, port, length) of each frame that was injected."""
    rounds = {(step, turn) for step, turn, port, _ in seen.sent if port}
    for step, turn in rounds:
        for frame in case['steps'][step]['frames']:
            if (frame['port'] in seen.stats[0]['ports']
                    and frame.get('from', 0) <= turn):
                yield step, frame['port'], len(frame['hex']) // 2


def flows_of(case):
    """Returns {frame: flow} of the frames whose flow is beyond doubt."""
    flows = {}
    for step in case['steps']:
        for frame in step['frames']:
            fields = frame.get('fields', {})
            if (fields.get('ip_frag') == 'no' and not fields['vlan_tci']
                    and fields['nw_proto'] in (6, 17)
                    and 'tunnel' not in fields):
                flows[bytes.fromhex(frame['hex'])] = tuple(
                    str(fields.get(name)) for name in (
                        'dl_src', 'dl_dst', 'nw_src', 'nw_dst', 'ipv6_src',
                        'ipv6_dst', 'nw_proto', 'tp_src', 'tp_dst'))
    return flows


def tunnelled(seen):
    """Yields (in port, VXLAN packet) of all that were sent, less those for
    which OVS has no hash; see above."""
    for _, _, port, out in seen.sent:
        for to, frames in out.items():
            if to.startswith('pf') and port and port != 'd':
                for frame in frames:
                    if wire.split(frame) and frame[6:12] == LOCAL_MAC:
                        yield port, frame


def source_ports(case, seen):
    """Returns {flow: outer UDP source port}, where a flow has no MAC addresses:
    they have no part in OVS's hash."""
    flows = flows_of(case)
    found = {}
    for _, frame in tunnelled(seen):
        flow = flows.get(wire.split(frame)[2][8:])
        if flow:
            found[flow[2:]] = wire.outer_port(frame)
    return found


def check_source_ports(case, seen, name):
    """Yields where an outer UDP source port is out of range or, in ours,
    differs within a flow."""
    flows = flows_of(case)
    found = {}
    for port, frame in tunnelled(seen):
        value = wire.outer_port(frame)
        if not wire.PORT_MIN <= value < wire.PORT_MAX:
            yield '%s: outer UDP source port %d' % (name, value)
        flow = flows.get(wire.split(frame)[2][8:])
        if flow and name != 'stock' and (
                found.setdefault((port, flow), value) != value):
            yield '%s: outer UDP source ports %d and %d for %s from %s' % (
                name, found[port, flow], value, flow, port)


def identity(frame):
    return frame


def compare(case, seen):
    """Returns all that is wrong with a case, as a list of texts."""
    found = []
    floods = any('normal' in rule['actions'] for rule in case['rules'])
    for name, other, normalise in (('off', 'on', identity),
                                   ('stock', 'on', wire.without_port),
                                   ('stock', 'off', wire.without_port)):
        if name in seen and other in seen:
            pair = other, name
            found += compare_sent(seen[other], seen[name], pair, normalise,
                                  floods)
            found += compare_stats(seen[other], seen[name], pair, floods)
    for name, one in seen.items():
        found += check_ports(one, case, name)
        found += check_accounts(one, name)
        found += check_source_ports(case, one, name)
        found += model.check(case, one, name, one.stats[0]['ports'])
        if 'segments' in case:
            found += segment_check.check(case, one, name)
    return found


def vouched(case, seen):
    """Does another switch do all that "on" does?"""
    return any(name in seen and not compare(case, {'on': seen['on'],
                                                   name: seen[name]})
               for name in ('off', 'stock'))
