# SPDX-License-Identifier: Apache-2.0

"""Builds frames, right and wrong, and reads what came out.

Nothing here knows how OVS or the plugin does it.  A frame is made from a dict;
what a rule may match on ("fields", named as OpenFlow names them) is told from
the same dict, not from the bytes, so that it is an opinion of its own."""

import ipaddress
import struct

PORT_MIN, PORT_MAX = 32768, 61000       # OVS's outer UDP source ports.
VXLAN_PORTS = (4789, 4790)


def mac(text):
    return bytes.fromhex(text.replace(':', ''))


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def l4_checksum(src, dst, proto, segment):
    if len(src) == 4:
        pseudo = src + dst + struct.pack('!BBH', 0, proto, len(segment))
    else:
        pseudo = src + dst + struct.pack('!II', len(segment), proto)
    return checksum(pseudo + segment)


def put16(data, at, value):
    return data[:at] + struct.pack('!H', value) + data[at + 2:]


def build_l4(f, src, dst):
    """The transport segment, its checksum right, or as "l4csum" says."""
    payload = bytes(f.get('fill', i) & 0xff for i in range(f['len']))
    proto = f['proto']
    ports = struct.pack('!HH', f['sport'], f['dport'])
    if proto == 17:
        length = (8 + len(payload) + f.get('udp_len', 0)) & 0xffff
        data, at = ports + struct.pack('!HH', length, 0) + payload, 6
    elif proto == 6:
        data, at = ports + struct.pack('!IIBBHHH', 1, 2, f.get('doff', 0x50),
                                       f.get('tcp_flags', 0x10), 8192, 0,
                                       0) + payload, 16
    elif proto in (1, 58):
        data, at = struct.pack('!BBHHH', f['sport'] & 0xff, f['dport'] & 0xff,
                               0, 1, 1) + payload, 2
    else:
        return ports + payload
    csum = (checksum(data) if proto == 1
            else l4_checksum(src, dst, proto, data) or 0xffff)
    return put16(data, at, f.get('l4csum', csum))


FRAGMENTS = {'no': (0, 0), 'first': (0x2000, 0), 'middle': (0x2000, 24),
             'last': (0, 24)}


def build_ip4(f, src, dst, segment):
    flags, offset = FRAGMENTS[f['frag']]
    options = bytes.fromhex(f.get('options', ''))
    header = struct.pack('!BBHHHBBH', f.get('version', 0x40) | (
        f.get('ihl', 5 + len(options) // 4)), f['tos'],
        (20 + len(options) + len(segment) + f.get('ip_len', 0)) & 0xffff,
        f['id'] & 0xffff, flags | offset // 8 | f.get('df', 0) << 14,
        f['ttl'], f['proto'], 0) + src + dst + options
    csum = checksum(header) ^ f.get('bad_ip_csum', 0)
    return put16(header, 10, csum) + segment


def build_ip6(f, src, dst, segment):
    proto = f['proto']
    for kind in f.get('extensions', ()):        # 0, 43, 60: of eight bytes.
        segment = struct.pack('!BB6x', proto, 0) + segment
        proto = kind
    if f['frag'] != 'no':
        flags, offset = FRAGMENTS[f['frag']]
        segment = struct.pack('!BBHI', proto, 0,
                              offset | (1 if flags else 0),
                              f['id']) + segment
        proto = 44
    return struct.pack('!IHBB', f.get('version', 0x60) << 24 | f['tos'] << 20
                       | f.get('label', 0),
                       (len(segment) + f.get('ip_len', 0)) & 0xffff, proto,
                       f['ttl']) + src + dst + segment


def build_arp(f):
    return struct.pack('!HHBBH', 1, 0x0800, 6, 4, f.get('op', 1)) \
        + mac(f['src']) + ipaddress.ip_address('10.0.0.1').packed \
        + b'\0' * 6 + ipaddress.ip_address('10.0.0.2').packed


def build(f):
    """The frame that 'f' describes."""
    head = mac(f['dst']) + mac(f['src'])
    for tpid, tci in f.get('vlans', ()):
        head += struct.pack('!HH', tpid, tci)
    if f['kind'] == 'arp':
        frame = head + struct.pack('!H', 0x0806) + build_arp(f)
    elif f['kind'] == 'other':
        frame = head + struct.pack('!H', f['type']) + bytes(f['len'])
    else:
        src = ipaddress.ip_address(f['from']).packed
        dst = ipaddress.ip_address(f['to']).packed
        segment = build_l4(f, src, dst)
        if f['frag'] in ('middle', 'last'):
            segment = segment[8:]
        ip = build_ip4 if len(src) == 4 else build_ip6
        frame = head + struct.pack('!H', 0x0800 if len(src) == 4 else 0x86dd) \
            + ip(f, src, dst, segment)
    frame += b'\xee' * f.get('padding', 0)
    return frame[:max(14, f['cut'])] if 'cut' in f else frame


def wrap(o, inner):
    """VXLAN headers as 'o' says, as from another VTEP, around 'inner'."""
    src = ipaddress.ip_address(o['from']).packed
    dst = ipaddress.ip_address(o['to']).packed
    data = struct.pack('!II', o.get('flags', 0x08000000),
                       o['vni'] << 8 | o.get('reserved', 0)) + inner
    length = (8 + len(data) + o.get('udp_len', 0)) & 0xffff
    udp = struct.pack('!HHHH', o['sport'], o['dport'], length, 0) + data
    if o['csum']:
        udp = put16(udp, 6, (l4_checksum(src, dst, 17, udp) or 0xffff)
                    ^ o.get('bad_csum', 0))
    o = dict(o, proto=17)
    head = mac(o['dst']) + mac(o['src'])
    for tpid, tci in o.get('vlans', ()):
        head += struct.pack('!HH', tpid, tci)
    if len(src) == 4:
        frame = head + b'\x08\0' + build_ip4(o, src, dst, udp)
    else:
        frame = head + b'\x86\xdd' + build_ip6(o, src, dst, udp)
    frame += b'\xee' * o.get('padding', 0)
    return frame[:max(14, o['cut'])] if 'cut' in o else frame


def split(frame):
    """Returns (headers, UDP, inner frame) of a VXLAN packet, or None."""
    at = 12
    while frame[at:at + 2] in (b'\x81\0', b'\x88\xa8'):
        at += 4
    kind = frame[at:at + 2]
    if kind == b'\x08\0' and frame[at + 11:at + 12] == b'\x11':
        udp = at + 2 + (frame[at + 2] & 15) * 4
    elif kind == b'\x86\xdd' and frame[at + 8:at + 9] == b'\x11':
        udp = at + 42
    else:
        return None
    if len(frame) < udp + 16 or struct.unpack(
            '!H', frame[udp + 2:udp + 4])[0] not in VXLAN_PORTS:
        return None
    return frame[:udp], frame[udp:udp + 8], frame[udp + 8:]


def outer_port(frame):
    parts = split(frame)
    return parts and struct.unpack('!H', parts[1][:2])[0]


def good_checksum(head, udp, data):
    """The UDP checksum that a VXLAN packet ought to have."""
    if head[-42:-40] == b'\x86\xdd':
        src, dst = head[-32:-16], head[-16:]
    else:
        src, dst = head[-8:-4], head[-4:]
    return l4_checksum(src, dst, 17, put16(udp, 6, 0) + data) or 0xffff


def with_good_checksum(frame):
    head, udp, data = split(frame)
    return head + put16(udp, 6, good_checksum(head, udp, data)) + data


ARP_ASK = bytes.fromhex('08060001080006040001aa55aa55000001010258')


def own_question(frame):
    """Does OVS ask for a next hop's MAC address?"""
    return (frame[12:32] == ARP_ASK
            or (frame[12:14] == b'\x86\xdd' and frame[20:21] == b':'
                and frame[54:55] == b'\x87'
                and frame[6:12] == b'\xaa\x55\xaa\x55\0\0'))


def without_port(frame):
    """'frame' without its outer UDP source port, whose value depends on the
    build: and so does a checksum, which is shown as right or wrong."""
    parts = split(frame)
    if not parts:
        return frame
    head, udp, data = parts
    csum, = struct.unpack('!H', udp[6:8])
    if csum:
        csum = 1 if csum == good_checksum(head, udp, data) else 2
    return head + b'\0\0' + udp[2:6] + struct.pack('!H', csum) + data
