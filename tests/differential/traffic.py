# SPDX-License-Identifier: Apache-2.0

"""Makes random frames that suit a case: they come from and go to addresses
that its rules and tunnels know, mostly, and some of them are odd or wrong.

A frame is {"port", "hex", "fields"}.  "fields" is what rules can match on, for
the model; it is missing where the frame is so odd that only a switch can
tell."""

import ipaddress

import frames

VM_MACS = ['50:54:00:00:00:%02x' % n for n in range(1, 5)]
REMOTE_MACS = ['50:54:00:00:00:%02x' % n for n in range(10, 14)]
OTHER_MACS = ['ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:05', '33:33:00:00:00:01',
              '50:54:00:00:00:77', '00:00:00:00:00:00', 'aa:55:aa:55:00:00']
IP4 = ['2.2.%d.%d' % (net, host) for net in (2, 3) for host in (1, 2, 10)]
IP6 = ['fd02::%d' % host for host in (1, 2, 10)] + ['fd03::1']
PROTOCOLS = [17, 17, 6, 6, 1, 132, 47]
L4_PORTS = [1, 2, 53, 80, 443, 4789]
# Not MPLS: OVS deletes the flow of a broken label stack each time that it
# looks at it, and the counts of the packets in between are lost.
ETHERTYPES = [0x88cc, 0x22f0, 0x8863, 9999]
VIDS = [5, 6]
OUTER_MACS = {92: 'f8:bc:12:44:34:b6', 93: 'f8:bc:12:44:34:b7',
              94: 'f8:bc:12:44:34:b8', 95: 'f8:bc:12:44:34:b6'}
# No tunnel goes to this VTEP.  OVS learns next hops from VXLAN packets that
# it has not seen before, so those of a VTEP to which we send have its MAC
# address.
STRANGER = 91
NEW_MACS = ['f8:bc:12:44:35:%02x' % n for n in range(4)]
# The protocol of IPv6's later fragments, as OVS has it.
FRAGMENT_HEADER = 44
FRAGMENTS = ['no'] * 6 + ['first', 'first', 'middle', 'last']


def vtep(n, six):
    """The address of VTEP 'n'; 95 is behind a router."""
    if six:
        return '2001:%s::%d' % ('beef' if n == 95 else 'cafe', n)
    return '1.1.%d.%d' % (3 if n == 95 else 2, n)


def random_inner(rng, sources, destinations):
    """A frame as dict, with nothing wrong with it."""
    six = rng.random() < 0.35
    addresses = IP6 if six else IP4
    f = {'kind': 'ip', 'dst': rng.choice(destinations),
         'src': rng.choice(sources), 'from': rng.choice(addresses),
         'to': rng.choice(addresses), 'frag': rng.choice(FRAGMENTS),
         'tos': rng.choice([0, 0, 0, 0x28, 0xb8]) | rng.choice(
             [0, 0, 1, 2, 3]),
         'ttl': rng.choice([64, 64, 64, 255, 1]),
         'id': rng.randrange(0x10000), 'proto': rng.choice(PROTOCOLS),
         'sport': rng.choice(L4_PORTS + [rng.randrange(0x10000)]),
         'dport': rng.choice(L4_PORTS),
         'len': rng.choice([20, 20, 64, 0, 200, rng.randrange(1, 90)])}
    if six and f['proto'] == 1:
        f['proto'] = 58
        f['sport'] = 128        # Not neighbour discovery, see odd().
    if f['proto'] == 1:
        f['sport'] = rng.choice([0, 3, 8])
    if not six and rng.random() < 0.3 and f['frag'] == 'no':
        f['df'] = 1
    return f


def fields_of(f):
    """What a rule can match on in 'f', a whole, valid frame."""
    fields = {'dl_dst': f['dst'], 'dl_src': f['src'], 'vlan_tci': 0,
              'dl_type': {'arp': 0x0806, 'other': f.get('type')}.get(
                  f['kind'], 0x86dd if ':' in f.get('from', '') else 0x0800)}
    if f.get('vlans'):
        fields['vlan_tci'] = f['vlans'][0][1] | 0x1000
        if f['vlans'][0][0] != 0x8100 or len(f['vlans']) > 1:
            return None
    if f['kind'] == 'arp':
        fields.update(arp_op=f.get('op', 1))
    if f['kind'] == 'ip':
        six = ':' in f['from']
        later = f['frag'] in ('middle', 'last')
        fields.update({'ipv6_src' if six else 'nw_src': f['from'],
                       'ipv6_dst' if six else 'nw_dst': f['to'],
                       'nw_proto': (FRAGMENT_HEADER if six and later
                                    else f['proto']),
                       'ip_dscp': f['tos'] >> 2, 'nw_ecn': f['tos'] & 3,
                       'nw_ttl': f['ttl'],
                       'ip_frag': {'no': 'no', 'first': 'first'}.get(
                           f['frag'], 'later')})
        if f['proto'] in (6, 17, 132) and not later:
            fields.update(tp_src=f['sport'], tp_dst=f['dport'])
    return fields


def odd(rng, f):
    """Makes 'f' unusual but right.  Returns True if the model knows it."""
    what = rng.choice(['vlan', 'qinq', 'arp', 'other', 'llc', 'options',
                       'extensions', 'padding', 'broadcast', 'big', 'nd',
                       'no csum', 'prio'])
    six = ':' in f['from']
    if what == 'vlan':
        f['vlans'] = [(0x8100, rng.choice(VIDS) | rng.choice([0, 3]) << 13)]
    elif what == 'prio':
        f['vlans'] = [(0x8100, rng.randrange(8) << 13)]
    elif what == 'qinq':
        f['vlans'] = [(rng.choice([0x88a8, 0x8100]), 5), (0x8100, 6)]
    elif what == 'arp':
        f.update(kind='arp', op=rng.choice([1, 2]), padding=18)
    elif what == 'other':
        f.update(kind='other', type=rng.choice(ETHERTYPES))
    elif what == 'llc':
        f.update(kind='other', type=f['len'])
    elif what == 'options' and not six:
        f['options'] = rng.choice(['01010100', '94040000', '0101010101010100'])
    elif what == 'extensions' and six:
        f['extensions'] = rng.choice([[0], [60], [43], [60, 0]])
    elif what == 'padding':
        f['padding'] = rng.randrange(1, 40)
    elif what == 'broadcast':
        f['dst'] = rng.choice(OTHER_MACS)
    elif what == 'big':
        f['len'] = rng.choice([1372, 1400, 1414, 1422, 1450])
    elif what == 'nd' and six:
        f.update(proto=58, sport=135, frag='no', len=20)
    elif what == 'no csum' and f['proto'] == 17 and not six:
        f['l4csum'] = 0
    return what in ('vlan', 'arp', 'padding', 'broadcast', 'no csum', 'other')


def spoil(rng, f, length):
    """Makes 'f', which is 'length' bytes long, wrong."""
    what = rng.choice(['cut', 'cut', 'cut', 'ip csum', 'ip long', 'ip short',
                       'version', 'ihl', 'udp len', 'l4csum', 'doff', 'src'])
    if what == 'cut':
        f['cut'] = rng.choice([rng.randrange(14, max(15, length)),
                               rng.randrange(14, 60), length - 1])
    elif what == 'ip csum':
        f['bad_ip_csum'] = rng.randrange(1, 0x10000)
    elif what == 'ip long':
        f['ip_len'] = rng.choice([1, 8, 1000])
    elif what == 'ip short':
        f['ip_len'] = -rng.choice([1, 8, 20, 28])
    elif what == 'version':
        f['version'] = rng.choice([0, 0x40, 0x50, 0x60, 0xf0])
    elif what == 'ihl':
        f['ihl'] = rng.choice([0, 4, 6, 15])
    elif what == 'udp len':
        f['udp_len'] = rng.choice([-9, -1, 1, 100])
    elif what == 'l4csum':
        f['l4csum'] = rng.randrange(0x10000)
    elif what == 'doff':
        f['doff'] = rng.choice([0, 0x40, 0x60, 0xf0])
    else:
        f['src'] = rng.choice(OTHER_MACS)


def random_frame(rng, case, sources, destinations, like=None):
    """Returns a frame's bytes, its fields, or None for them, and its dict;
    'like' is the dict of a frame whose MACs it has."""
    f = random_inner(rng, sources, destinations)
    known = True
    if like:
        f.update(dst=like['dst'], src=like['src'])
    if case.get('live'):
        f['len'] = 40           # Room for a mark.
    if rng.random() < case['odd']:
        known = odd(rng, f)
    if rng.random() < case['wrong']:
        spoil(rng, f, len(frames.build(f)))
        known = False
    return frames.build(f), fields_of(f) if known else None, f


def random_outer(rng, case, tunnel):
    """What comes before an inner frame from the other end of 'tunnel', as
    dict, and whether the model knows what becomes of it."""
    six = tunnel['six']
    remote = tunnel['vtep'] or rng.choice([92, 93, 95])
    key = tunnel['key']
    o = {'from': vtep(remote, six), 'to': '2001:cafe::88' if six
         else '1.1.2.88', 'dst': 'aa:55:aa:55:00:00',
         'src': OUTER_MACS[remote], 'frag': 'no', 'tos': 0, 'ttl': 64, 'id': 0,
         'df': 1, 'sport': 50000 + rng.randrange(4), 'csum': six,
         'dport': tunnel['dst_port'],
         'vni': rng.choice([1, 123]) if key == 'flow' else key}
    if rng.random() < 0.15:
        o['tos'] = rng.choice([0x28, 0xb8, 1, 2])
    if rng.random() < 0.1:
        o['csum'] = not o['csum']
    if rng.random() < 0.1:
        o['df'] = 0
    if rng.random() < case['odd'] / 2:
        what = rng.choice(['ce', 'vni', 'remote', 'src', 'sport', 'ttl', 'to',
                           'dst'])
        o.update({'ce': {'tos': 3}, 'vni': {'vni': 77},
                  'remote': {'from': vtep(STRANGER, six)},
                  'src': {'src': 'f8:bc:12:44:34:cc',
                          'from': vtep(STRANGER, six)}, 'sport': {'sport': 9},
                  'ttl': {'ttl': 1}, 'dst': {'dst': 'aa:55:aa:55:00:77'},
                  'to': {'to': vtep(89, six)}}[what])
        if what in ('ce', 'to', 'dst'):
            return o, False
    if rng.random() < case['wrong']:
        spoil_outer(rng, o)
        return o, False
    return o, not o['csum'] or bool(six)


def spoil_outer(rng, o):
    what = rng.choice(['cut', 'cut', 'csum', 'bad_ip_csum', 'ip_len',
                       'udp_len', 'flags', 'reserved', 'frag', 'options',
                       'vlans', 'padding', 'port'])
    o.update({'cut': {'cut': rng.randrange(14, 130)},
              'csum': {'csum': True, 'bad_csum': 0x1234},
              'bad_ip_csum': {'bad_ip_csum': 7},
              'ip_len': {'ip_len': rng.choice([-1, 1, 30, -30])},
              'udp_len': {'udp_len': rng.choice([-1, 1, 30, -30])},
              'flags': {'flags': rng.choice([0, 0x0c000000, 0x88000003,
                                             0x08000001])},
              'reserved': {'reserved': 5},
              'frag': {'frag': rng.choice(['first', 'last'])},
              'options': {'options': '01010100'},
              'vlans': {'vlans': [(0x8100, 5)]}, 'padding': {'padding': 5},
              'port': {'dport': 4791}}[what])


def outgoing(rng, case, port, like=None):
    """A frame from a VM, and what another one can be like."""
    n = int(port[2:]) if port.startswith('vm') else 4
    sources = [VM_MACS[n - 1]] * 6 + VM_MACS
    data, fields, f = random_frame(rng, case, sources,
                                   VM_MACS + REMOTE_MACS * 2, like)
    return make(port, data, fields and dict(fields, in_port=port)), f


def incoming(rng, case, port, like=None):
    """The same for a frame from the wire, through a tunnel if there is one."""
    inner, o = like or (None, None)
    data, fields, f = random_frame(rng, case, REMOTE_MACS * 2 + VM_MACS[:1],
                                   VM_MACS, inner)
    if not case['tunnels'] or rng.random() < 0.04:
        return make(port, data, None), (f, None)
    if rng.random() < 0.12:
        f = dict(f, vlans=[(0x8100, rng.choice(VIDS)
                            | rng.choice([0, 0, 3]) << 13)])
        return make(port, frames.build(f), None), (f, None)
    known = True
    if not o or rng.random() < 0.3:
        o, known = random_outer(rng, case, rng.choice(case['tunnels']))
    # Nothing is like a frame of which it is not known what it is.
    return (wrapped(port, o, known, data, fields),
            (f, o if known else None))


def stable(found):
    """The frames of 'found' that do not make a MAC address move: switches
    that learn need not agree on where it is meanwhile."""
    places = {}
    kept = []
    for frame in found:
        data = bytes.fromhex(frame['hex'])
        parts = frames.split(data) if frame['port'].startswith('pf') else None
        place = frame['port']
        if parts:
            head, _, data = parts
            place += head.hex()
            data = data[8:]
        if data[12:14] in (b'\x81\0', b'\x88\xa8'):
            place += ' ' + data[12:16].hex()
        if places.setdefault(data[6:12], place) == place:
            kept.append(frame)
    return kept


def moved(frame, address, new):
    """'frame' as it comes if the VTEP with 'address' has MAC address 'new'."""
    fields = frame.get('fields', {})
    data = bytes.fromhex(frame['hex'])
    parts = frames.split(data) if frame['port'].startswith('pf') else None
    packed = ipaddress.ip_address(address).packed
    if not parts or parts[0][-2 * len(packed):-len(packed)] != packed:
        return frame
    frame = dict(frame, hex=(data[:6] + frames.mac(new) + data[12:]).hex())
    if fields:
        frame['fields'] = dict(fields, tunnel=dict(fields['tunnel'], src=new))
    return frame


def wrapped(port, o, known, data, fields):
    """The frame 'data' behind the outer header 'o'; is that 'known' to the
    model?"""
    if known and fields:
        fields = dict(fields, tunnel={'from': o['from'], 'vni': o['vni'],
                                      'dport': o['dport'], 'src': o['src']},
                      in_port=port)
    return make(port, frames.wrap(o, data), fields if known else None)


def make(port, data, fields):
    frame = {'port': port, 'hex': data.hex()}
    if fields:
        frame['fields'] = fields
    return frame


def random_flow(rng, case, port, way):
    """A frame, and some that the NIC could take for one like it: they have
    the same MACs.  Most of these come only after the NIC knows the first, so
    that OVS has no flow yet that would speak for them."""
    frame, like = way(rng, case, port)
    found = [frame]
    for _ in range(rng.choice([0, 0, 1, 2])):
        frame, _ = way(rng, case, port, like)
        frame['from'] = rng.choice([0, 1, 1, 2])
        found.append(frame)
    return found


def random_frames(rng, case, world):
    """Frames for each port, in the order in which they are to be sent."""
    found = []
    for port in ('vm1', 'vm2', 'vm3', 'vm4', 'd'):
        count = rng.choice([4, 6, 8]) if port != 'd' else 1
        for _ in range(count):
            found += random_flow(rng, case, port, outgoing)
    for port in world['pfs']:
        for _ in range(rng.choice([16, 24]) // len(world['pfs'])):
            found += random_flow(rng, case, port, incoming)
    return found
