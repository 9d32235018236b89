#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Prints an Ethernet frame in hexadecimal, for the test suite.

usage: hwv-frame.py LAYER...

Each LAYER is NAME[:FIELD=VALUE[,FIELD=VALUE]...], the outermost first.  What
is not given has the default that DEFAULTS tells; lengths, checksums and types
of the next layer are computed.  For frames that are wrong on purpose a "len"
field is added to the computed length, "csum=bad" makes a wrong checksum and
"csum=none" one of zero.

It knows nothing of Open vSwitch or hw-vxlan, so what it prints can be held
against what they make."""

import ipaddress
import struct
import sys

DEFAULTS = {
    'eth': {'dst': '02:00:00:00:00:02', 'src': '02:00:00:00:00:01',
            'type': None},
    'vlan': {'vid': 0, 'pcp': 0},
    'arp': {'op': 1, 'sha': '02:00:00:00:00:01', 'spa': '0.0.0.0',
            'tha': '00:00:00:00:00:00', 'tpa': '0.0.0.0'},
    'ip': {'src': '10.0.0.1', 'dst': '10.0.0.2', 'tos': 0, 'ttl': 64, 'id': 0,
           'df': 0, 'mf': 0, 'offset': 0, 'options': '', 'len': 0,
           'csum': 'ok', 'proto': None},
    'ip6': {'src': 'fd00::1', 'dst': 'fd00::2', 'tc': 0, 'flow': 0,
            'hlim': 64, 'len': 0, 'proto': None},
    'frag6': {'offset': 0, 'mf': 0, 'id': 0},
    'udp': {'src': 1, 'dst': 2, 'len': 0, 'csum': 'ok'},
    'tcp': {'src': 1, 'dst': 2, 'flags': 0x10, 'seq': 0, 'csum': 'ok'},
    'nd': {'type': 136, 'flags': 0x20000000, 'target': '::', 'sll': '',
           'tll': ''},
    'icmp': {'type': 8, 'code': 0, 'id': 0, 'seq': 0},
    'vxlan': {'vni': 0, 'flags': 0x08000000, 'reserved': 0},
    'data': {'len': 20, 'hex': ''},
}
ETH_TYPES = {'ip': 0x0800, 'ip6': 0x86dd, 'arp': 0x0806, 'vlan': 0x8100}
PROTOCOLS = {'icmp': 1, 'nd': 58, 'tcp': 6, 'udp': 17, 'frag6': 44}


def parse_layer(arg):
    name, _, text = arg.partition(':')
    if name not in DEFAULTS:
        sys.exit('%s: unknown layer' % arg)
    fields = dict(DEFAULTS[name])
    for item in filter(None, text.split(',')):
        key, _, value = item.partition('=')
        if key not in fields:
            sys.exit('%s: %s has no field %s' % (arg, name, key))
        if isinstance(fields[key], int) or fields[key] is None:
            value = int(value, 0)
        fields[key] = value
    return name, fields


def mac(text):
    return bytes(int(byte, 16) for byte in text.split(':'))


def address(text):
    return ipaddress.ip_address(text).packed


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def choose_checksum(how, right):
    return {'ok': right, 'bad': right ^ 0x5555, 'none': 0}[how]


def transport_checksum(how, segment, proto, ip):
    """The checksum of 'segment', in which its own field is zero, below the IP
    layer 'ip'."""
    src, dst = address(ip['src']), address(ip['dst'])
    if len(src) == 4:
        pseudo = src + dst + struct.pack('!BBH', 0, proto, len(segment))
    else:
        pseudo = src + dst + struct.pack('!II', len(segment), proto)
    return choose_checksum(how, checksum(pseudo + segment) or 0xffff)


def build_eth(f, payload, inner, _):
    eth_type = f['type']
    if eth_type is None:
        eth_type = ETH_TYPES[inner]
    return mac(f['dst']) + mac(f['src']) + struct.pack('!H', eth_type) \
        + payload


def build_vlan(f, payload, inner, _):
    return struct.pack('!HH', f['pcp'] << 13 | f['vid'], ETH_TYPES[inner]) \
        + payload


def build_arp(f, payload, _inner, _ip):
    return struct.pack('!HHBBH', 1, 0x0800, 6, 4, f['op']) + mac(f['sha']) \
        + address(f['spa']) + mac(f['tha']) + address(f['tpa']) + payload


def next_protocol(f, inner):
    return PROTOCOLS.get(inner, 59) if f['proto'] is None else f['proto']


def build_ip(f, payload, inner, _):
    options = bytes.fromhex(f['options'])
    words = 5 + len(options) // 4
    head = struct.pack('!BBHHHBB', 4 << 4 | words, f['tos'],
                       words * 4 + len(payload) + f['len'], f['id'],
                       f['df'] << 14 | f['mf'] << 13 | f['offset'] // 8,
                       f['ttl'], next_protocol(f, inner))
    tail = address(f['src']) + address(f['dst']) + options
    csum = choose_checksum(f['csum'], checksum(head + b'\0\0' + tail))
    return head + struct.pack('!H', csum) + tail + payload


def build_ip6(f, payload, inner, _):
    return struct.pack('!IHBB', 6 << 28 | f['tc'] << 20 | f['flow'],
                       len(payload) + f['len'], next_protocol(f, inner),
                       f['hlim']) \
        + address(f['src']) + address(f['dst']) + payload


def build_frag6(f, payload, inner, _):
    return struct.pack('!BBHI', PROTOCOLS.get(inner, 17), 0,
                       f['offset'] | f['mf'], f['id']) + payload


def build_udp(f, payload, _, ip):
    head = struct.pack('!HHH', f['src'], f['dst'],
                       8 + len(payload) + f['len'])
    csum = transport_checksum(f['csum'], head + b'\0\0' + payload, 17, ip)
    return head + struct.pack('!H', csum) + payload


def build_tcp(f, payload, _, ip):
    head = struct.pack('!HHIIBBH', f['src'], f['dst'], f['seq'], 0, 5 << 4,
                       f['flags'], 8192)
    csum = transport_checksum(f['csum'], head + b'\0\0\0\0' + payload, 6, ip)
    return head + struct.pack('!HH', csum, 0) + payload


def build_icmp(f, payload, _inner, _ip):
    head = struct.pack('!BB', f['type'], f['code'])
    tail = struct.pack('!HH', f['id'], f['seq']) + payload
    return head + struct.pack('!H', checksum(head + b'\0\0' + tail)) + tail


def build_nd(f, payload, _, ip):
    body = struct.pack('!I', f['flags']) + address(f['target'])
    for kind, key in enumerate(['sll', 'tll'], 1):
        if f[key]:
            body += struct.pack('!BB', kind, 1) + mac(f[key])
    body += payload
    segment = struct.pack('!BBH', f['type'], 0, 0) + body
    return segment[:2] + struct.pack(
        '!H', transport_checksum('ok', segment, 58, ip)) + body


def build_vxlan(f, payload, _inner, _ip):
    return struct.pack('!II', f['flags'], f['vni'] << 8 | f['reserved']) \
        + payload


def build_data(f, payload, _inner, _ip):
    if f['hex']:
        return bytes.fromhex(f['hex']) + payload
    return bytes(i & 0xff for i in range(f['len'])) + payload


BUILDERS = {
    'eth': build_eth, 'vlan': build_vlan, 'arp': build_arp, 'ip': build_ip,
    'ip6': build_ip6, 'frag6': build_frag6, 'udp': build_udp,
    'tcp': build_tcp, 'icmp': build_icmp, 'vxlan': build_vxlan,
    'data': build_data, 'nd': build_nd,
}


def build(layers, ip=None):
    """The bytes of 'layers', which are below the IP layer 'ip' if any."""
    if not layers:
        return b''
    name, fields = layers[0]
    if name in ('ip', 'ip6'):
        ip = fields
    inner = layers[1][0] if len(layers) > 1 else None
    return BUILDERS[name](fields, build(layers[1:], ip), inner, ip)


print(build([parse_layer(arg) for arg in sys.argv[1:]]).hex())
