#! /usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the frames that the autotests inject and shows those that come out.

    hwv-frames.py inner [KEY=VALUE]...
    hwv-frames.py outer [KEY=VALUE]... HEX...
    hwv-frames.py pcap FILE [SKIP]
    hwv-frames.py unseen PORT-tx.pcap...
    hwv-frames.py write FILE HEX...

"inner" prints a UDP datagram in an Ethernet frame as hex, "outer" prints VXLAN
headers in front of each HEX, on a line of its own.  Nothing here knows how OVS or the plugin does it, so
that what they send is compared with an independent opinion.

Keys of both, with their defaults for an inner frame:

    dst=0a src=01          MAC addresses; "0a" stands for 50:54:00:00:00:0a
    vlan=                  VLAN id of an 802.1Q tag
    ip=4                   4 or 6; an address in "from" decides, too
    from=2.2.2.1 to=2.2.2.10    (IPv6: fd02::1, fd02::a)
    tos=0 ttl=64 id=0      the second byte of IPv4, or the IPv6 traffic class
    frag=no                no, df, first or later (IPv6: no, first or later)
    proto=17               of what is a UDP datagram nevertheless
    sport=1 dport=2
    csum=yes               UDP checksum: yes, no (zero), or a number
    len=20                 bytes of payload
    n=1                    frames, whose "id" increases by 1 (IPv4)

and for outer headers, where the frame is HEX:

    dst=f8:bc:12:44:34:b6 src=aa:55:aa:55:00:00
    from=1.1.2.88 to=1.1.2.92   (IPv6: 2001:cafe::88, 2001:cafe::92)
    frag=df csum=no (IPv6: frag=no csum=yes)
    sport=s1 dport=4789
    vni=123 flags=08000000

"sport" may be a label as "pcap" prints them; a checksum to be computed then
reads "good".

"pcap" prints the frames of FILE, except for the first SKIP, as hex.  In VXLAN
packets the UDP source port, which depends on the hash function of the build,
reads "s1" for the first port in the file, "s2" for the next one, and so on, or
"oops" out of the range that OVS uses; a UDP checksum reads "good", "bad!" or
"0000" if there is none.  Everything else is shown as it is.

"unseen" does the same with several files, each without its first N frames,
where N is in the file PORT-tx.seen, and prints the port before each frame.
"""

# Tests run this so often that what it imports counts.
import os
import struct
import sys


def mac(text):
    if len(text) == 2:
        text = '50:54:00:00:00:' + text
    return bytes.fromhex(text.replace(':', ''))


def address(text):
    if ':' not in text:
        return bytes(int(byte) for byte in text.split('.'))
    import ipaddress
    return ipaddress.IPv6Address(text).packed


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def pseudo_header(src, dst, length):
    if len(src) == 4:
        return src + dst + struct.pack('!BBH', 0, 17, length)
    return src + dst + struct.pack('!II', length, 17)


def udp_checksum(src, dst, segment):
    return checksum(pseudo_header(src, dst, len(segment)) + segment) or 0xffff


def ethernet(o, ethertype):
    tag = struct.pack('!HH', 0x8100, int(o['vlan'])) if o['vlan'] else b''
    return mac(o['dst']) + mac(o['src']) + tag + struct.pack('!H', ethertype)


def ipv4(o, payload):
    offset = {'no': 0, 'df': 0x4000, 'first': 0x2000, 'later': 0x0010}
    header = struct.pack('!BBHHHBBH', 0x45, int(o['tos'], 0),
                         20 + len(payload), int(o['id']), offset[o['frag']],
                         int(o['ttl']), int(o['proto']), 0)
    header += o['from'] + o['to']
    header = header[:10] + struct.pack('!H', checksum(header)) + header[12:]
    return ethernet(o, 0x0800) + header + payload


def ipv6(o, payload):
    proto = int(o['proto'])
    if o['frag'] in ('first', 'later'):
        offset = 1 if o['frag'] == 'first' else 0x10
        payload = struct.pack('!BBHI', proto, 0, offset, 1) + payload
        proto = 44
    header = struct.pack('!IHBB', 6 << 28 | int(o['tos'], 0) << 20,
                         len(payload), proto, int(o['ttl']))
    header += o['from'] + o['to']
    return ethernet(o, 0x86dd) + header + payload


def udp(o, payload):
    """The datagram, with a zero checksum if it is not given."""
    csum = 0 if o['csum'] in ('yes', 'no') else int(o['csum'], 0)
    return struct.pack('!HHHH', int(o['sport']), int(o['dport']),
                       8 + len(payload), csum) + payload


def frame(o, payload):
    o['from'] = address(o['from'])
    o['to'] = address(o['to'])
    label = o['sport'] if o['sport'].startswith('s') else None
    if label:
        o['sport'] = '0'
    segment = udp(o, payload)
    if o['csum'] == 'yes' and not label:
        csum = udp_checksum(o['from'], o['to'], segment)
        segment = segment[:6] + struct.pack('!H', csum) + segment[8:]
    if o['frag'] == 'later':
        segment = segment[8:]
    build = ipv4 if len(o['from']) == 4 else ipv6
    text = build(o, segment).hex()
    if label:
        at = len(text) - 2 * len(segment)
        csum = 'good' if o['csum'] == 'yes' else text[at + 12:at + 16]
        text = (text[:at] + label + text[at + 4:at + 12] + csum
                + text[at + 16:])
    return text


def options(args, defaults4, defaults6):
    given = dict(arg.split('=', 1) for arg in args)
    for key in given:
        if key != 'ip' and key not in defaults4:
            sys.exit('hwv-frames.py: unknown key "%s"' % key)
    six = given.pop('ip', '4') == '6' or ':' in given.get('from', '')
    o = dict(defaults4)
    if six:
        o.update(defaults6)
    o.update(given)
    return o


def inner(args):
    defaults = {'dst': '0a', 'src': '01', 'vlan': '', 'from': '2.2.2.1',
                'to': '2.2.2.10', 'tos': '0', 'ttl': '64', 'id': '0',
                'frag': 'no', 'proto': '17', 'sport': '1', 'dport': '2',
                'csum': 'yes', 'len': '20', 'n': '1'}
    o = options(args, defaults, {'from': 'fd02::1', 'to': 'fd02::a'})
    payload = bytes(i & 0xff for i in range(int(o['len'])))
    for i in range(int(o['n'])):
        print(frame(dict(o, id=int(o['id']) + i), payload))


def outer(args):
    defaults = {'dst': 'f8:bc:12:44:34:b6', 'src': 'aa:55:aa:55:00:00',
                'vlan': '', 'from': '1.1.2.88', 'to': '1.1.2.92', 'tos': '0',
                'ttl': '64', 'id': '0', 'frag': 'df', 'proto': '17',
                'sport': 's1', 'dport': '4789', 'csum': 'no', 'vni': '123',
                'flags': '08000000'}
    o = options([arg for arg in args if '=' in arg], defaults,
                {'from': '2001:cafe::88', 'to': '2001:cafe::92', 'frag': 'no',
                 'csum': 'yes'})
    vxlan = bytes.fromhex(o['flags']) + struct.pack('!I', int(o['vni']) << 8)
    for arg in args:
        if '=' not in arg:
            print(frame(dict(o), vxlan + bytes.fromhex(arg)))


def read_pcap(name):
    with open(name, 'rb') as f:
        data = f.read()
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack('=I', data[at + 8:at + 12])[0]
        if at + 16 + length > len(data):
            break               # It is being written.
        yield data[at + 16:at + 16 + length]
        at += 16 + length


def find_udp(data):
    """Returns the offset of the outer UDP header, or None, and the addresses
    of the IP header before it."""
    at = 12
    while data[at:at + 2] == b'\x81\0':
        at += 4
    if data[at:at + 2] == b'\x08\0' and data[at + 11] == 17:
        return (at + 2 + (data[at + 2] & 15) * 4,
                data[at + 14:at + 18], data[at + 18:at + 22])
    if data[at:at + 2] == b'\x86\xdd' and data[at + 8] == 17:
        return at + 42, data[at + 10:at + 26], data[at + 26:at + 42]
    return None, None, None


def show(data, ports):
    at, src, dst = find_udp(data)
    text = data.hex()
    if at is None or data[at + 2:at + 4] != struct.pack('!H', 4789):
        return text
    port, = struct.unpack('!H', data[at:at + 2])
    if 32768 <= port < 61000:
        label = 's%d' % (ports.setdefault(port, len(ports) + 1))
    else:
        label = 'oops'
    csum = text[2 * at + 12:2 * at + 16]
    if csum != '0000':
        segment = data[at:at + 6] + b'\0\0' + data[at + 8:]
        csum = ('good' if int(csum, 16) == udp_checksum(src, dst, segment)
                else 'bad!')
    at *= 2
    return text[:at] + label + text[at + 4:at + 12] + csum + text[at + 16:]


def pcap(args, prefix=''):
    skip = int(args[1]) if len(args) > 1 else 0
    ports = {}
    for i, data in enumerate(read_pcap(args[0])):
        text = show(data, ports)
        if i >= skip:
            print(prefix + text)


def unseen(args):
    for name in args:
        if not os.path.exists(name):
            continue            # No port at all.
        stem = name[:-len('.pcap')]
        seen = '0'
        if os.path.exists(stem + '.seen'):
            with open(stem + '.seen') as f:
                seen = f.read()
        pcap([name, seen], '%s, behind %s others: '
             % (stem[:-len('-tx')], seen.strip()))


def write(args):
    with open(args[0], 'wb') as f:
        f.write(struct.pack('=IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for text in args[1:]:
            data = bytes.fromhex(text)
            f.write(struct.pack('=IIII', 0, 0, len(data), len(data)) + data)


def main(argv):
    commands = {'inner': inner, 'outer': outer, 'pcap': pcap,
                'unseen': unseen, 'write': write}
    if len(argv) < 2 or argv[1] not in commands:
        sys.exit(__doc__)
    commands[argv[1]](argv[2:])


if __name__ == '__main__':
    main(sys.argv)
