#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Writes the inputs that the fuzz targets begin with.

usage: make-corpus.py DIRECTORY

DIRECTORY gets a folder for each target, as in tests/fuzz/corpus.  Inputs that
are there already stay: findings, and what libFuzzer has made up and chosen
("fuzz-NAME -merge=1").  What the bytes mean, each target
says at its top."""

import os
import subprocess
import sys
import struct

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')


def layers(*args):
    """A frame: see hwv-frame.py."""
    return bytes.fromhex(subprocess.check_output(
        [sys.executable, os.path.join(TESTS, 'hwv-frame.py'), *args],
        text=True))


# The MACs, VTEPs and VNIs of hwv-random-world.c.
ETH = 'eth:dst=02:00:00:00:00:0%d,src=02:00:00:00:00:0%d'
OUTER = 'eth:dst=00:00:00:00:00:00,src=00:00:00:00:00:02'
INNER = [
    ('ip', 'udp', 'data'),
    ('ip:tos=2', 'tcp', 'data'),
    ('ip:tos=3', 'icmp', 'data'),
    ('ip:options=94040000', 'udp'),
    ('ip:mf=1', 'udp', 'data:len=32'),
    ('ip:offset=64', 'data:len=32'),
    ('ip:len=4', 'udp'),
    ('ip6', 'udp', 'data'),
    ('ip6:tc=1,flow=77', 'tcp', 'data'),
    ('ip6', 'frag6:mf=1', 'udp', 'data:len=32'),
    ('ip6', 'frag6:offset=64', 'data:len=32'),
    ('ip6:proto=0', 'data:hex=1100000000000000', 'data'),
    ('ip6:proto=51', 'data:hex=110100000000000000000000', 'data'),
    ('arp',),
    ('vlan:vid=5', 'ip', 'udp', 'data'),
    ('vlan:vid=0,pcp=7', 'vlan:vid=9', 'ip6', 'udp'),
]


def packet(how, data):
    return struct.pack('!BH', how, len(data)) + data


def inner_frames():
    for i, frame in enumerate(INNER):
        yield layers(ETH % (i % 3, (i + 1) % 3), *frame)


def vf():
    frames = list(inner_frames())
    for i, frame in enumerate(frames):
        head = struct.pack('!BBI', i % 16, i % 2, i)
        yield head + packet(0x80 * (i % 2) + i, frame)
    head = struct.pack('!BBI', 3, 0, 99)
    yield head + b''.join(packet(0, frame) for frame in frames)
    yield head + packet(0x42, frames[1]) + packet(0, frames[1])
    yield head + b''.join(packet(0, frames[0][:n]) for n in range(0, 44, 2))
    yield head + packet(0, layers(ETH % (0, 1), 'ip', 'udp',
                                  'data:len=8900'))


def outers():
    """The layers of outer headers: right ones first."""
    ip = 'ip:src=10.0.0.%d,dst=10.0.1.0,df=1'
    vxlan = 'vxlan:vni=%d'
    for n in range(2):
        for tos in '', ',tos=2':
            yield (OUTER, ip % n + tos, 'udp:dst=4789,csum=none',
                   vxlan % (0xfffffe + n))
            yield (OUTER, ip % n + tos, 'udp:dst=4789',
                   vxlan % (0xfffffe + n))
        yield (OUTER, 'ip6:src=2000::%d,dst=2000::' % n, 'udp:dst=4789',
               vxlan % (0xfffffe + n))
    ip %= 0
    vxlan %= 0xfffffe
    good = 'udp:dst=4789,csum=none'
    yield OUTER, ip, 'udp:dst=8472', vxlan
    yield OUTER, ip + ',csum=bad', good, vxlan
    yield OUTER, ip + ',mf=1', good, vxlan
    yield OUTER, ip + ',options=94040000', good, vxlan
    yield OUTER, ip + ',tos=3', good, vxlan
    yield OUTER, ip + ',len=4', good, vxlan
    yield OUTER, ip, 'udp:dst=4789,csum=bad', vxlan
    yield OUTER, ip, 'udp:dst=4789,csum=none,len=3', vxlan
    yield OUTER, ip, good, vxlan + ',flags=0x0c000003'
    yield OUTER, ip, good, vxlan + ',reserved=1'
    yield OUTER, 'vlan:vid=7', ip, good, vxlan
    yield OUTER, 'vlan:vid=0', 'vlan:vid=7', ip, good, vxlan
    yield OUTER, ip, 'tcp:dst=4789', vxlan
    yield OUTER, 'ip6:src=2000::,dst=2000::', good, vxlan
    yield (OUTER, 'ip6:src=::ffff:10.0.0.0,dst=::ffff:10.0.1.0',
           'udp:dst=4789', vxlan)
    yield OUTER, 'ip6', 'frag6', 'udp:dst=4789', vxlan


def uplink():
    inner = list(inner_frames())
    packets = []
    for i, outer in enumerate(outers()):
        for how in (0, 3) if i < 12 else (0,):
            data = layers(*outer, 'data:hex=' + inner[i % 12].hex())
            packets.append(packet(how, data))
            yield struct.pack('!BI', i % 16, i) + packets[-1]
    yield struct.pack('!BI', 5, 1) + b''.join(packets[:20])
    yield struct.pack('!BI', 6, 1) + packet(0x80, data[:80])
    nested = layers(*next(outers()), 'data:hex=' + inner[0].hex())
    nested = layers(*next(outers()), 'data:hex=' + nested.hex())
    yield struct.pack('!BI', 7, 1) + packet(0, nested)
    tagged = []
    for i, vlan in enumerate(('vlan:vid=5', 'vlan:vid=5,pcp=3',
                              'vlan:vid=4095', 'vlan:vid=0,pcp=7')):
        for frame in (('ip', 'tcp', 'data'), ('ip', 'udp', 'data'),
                      ('ip6', 'frag6:mf=1', 'tcp', 'data:len=32'), ('arp',)):
            tagged.append(packet(0, layers(ETH % (i % 3, (i + 1) % 3), vlan,
                                           *frame)))
            yield struct.pack('!BI', i, i) + tagged[-1]
    yield struct.pack('!BI', 8, 1) + b''.join(tagged + packets[:10])


def edit(where, offset, value):
    return struct.pack('!BHB', where, offset, value)


def match():
    for i in range(13):
        yield struct.pack('!BI', i, i)
        yield struct.pack('!BIB', i | 0x40, i, 0)
        yield (struct.pack('!BIB', i, i, 2) + edit(4, 20 + i, 1)
               + edit(6, 40 + i, 0xff) + edit(6, 300 + 8 * i, 0xff)
               + edit(7, 500, 0xff))
    # Fields of the IPv4 header in the mask.
    for offset in range(26, 38):
        yield struct.pack('!BIB', 0, offset, 1) + edit(2, offset, 0xff)
    in_port = b'\x03' + bytes([4, 255, 0, 255, 0, 255, 0, 255])
    ethernet = b'\x04' + b''.join(bytes([n, 255]) for n in range(12))
    ip_type = b'\x06' + bytes([8, 255, 0, 255])
    ipv4 = b'\x07' + bytes(22) + b'\0\xff'
    yield (struct.pack('!BI', 0x80, 1) + in_port + ethernet + ip_type + ipv4
           + b'\0\0')


def attribute(kind, data):
    pad = b'\0' * (-len(data) % 4)
    return struct.pack('=HH', 4 + len(data), kind) + data + pad


def actions():
    output = attribute(1, struct.pack('=I', 3))
    pop = attribute(17, struct.pack('=I', 5))
    raw = [b'', output, output + output, pop, attribute(19, output),
           attribute(19, attribute(19, pop)), attribute(1, b'abcdefgh'),
           attribute(20, struct.pack('=I', 0)), output[:6],
           attribute(19, b''), attribute(16, b'\0' * 20) + output]
    for data in raw:
        yield b'\0' + data
    one = b'\x01\x04' + struct.pack('=I', 3)
    for how in 1, 2:
        yield bytes([how, 0]) + one
        yield bytes([how, 0])
        for offset in range(0, 80, 5):
            yield bytes([how, 9, offset, 0xff]) + one
    yield b'\x03' + one
    yield b'\x03\x13' + one + b'\0'
    yield b'\x03\x13\x13' + one + b'\0\0' + one
    pop_vlan = b'\x05\0'
    push_vlan = b'\x04\x04\x81\0\x70\x05'
    for first in pop_vlan, push_vlan, pop_vlan + push_vlan, push_vlan * 2:
        yield b'\x03' + first + one
        yield b'\x01\0' + first + one
    yield b'\x03' + push_vlan + one + pop_vlan + one
    yield b'\x03\x05\x01x' + one


def strings(*args):
    return b''.join(arg.encode() + b'\0' for arg in args)


def config():
    def vf_options(*more):
        return strings('vm', 'nic', 'pf0', 'vf', '1', 'wire', 'dummy', *more)

    yield strings('pf0')
    yield strings('pf0', 'wire', 'dummy', 'max-flow', '3')
    yield strings('pf0', 'dpdk-devargs', '0000:03:00.0', 'n_rxq', '2')
    yield strings('pf0', 'wire', 'dummy', 'max-flows', '1', 'max-tunnels',
                  '65536', 'offload', 'false')
    for key, value in (('max-flows', '4194305'), ('max-flows', '-1'),
                       ('max-flows', '0x10'), ('max-tunnels', '65537'),
                       ('max-tunnels', ''), ('max-flows', ' 7'),
                       ('max-flows', '18446744073709551617'),
                       ('offload', 'yes'), ('learn-next-hop', 'true'),
                       ('learn-next-hop', 'no'), ('first-packet', 'nic'),
                       ('first-packet', 'gpu'), ('replacement', 'lru'),
                       ('replacement', 'LRU'), ('vf', '1'), ('mac', 'x'),
                       ('wire', 'nonsense'), ('wire-dev', 'eth0'),
                       ('nic', ''), ('nic', 'pf0')):
        yield strings('pf0', 'wire', 'dummy', key, value)
    for wire in 'system', 'afxdp', 'dpdk', 'dpdkvhostuserclient', 'dummy':
        yield strings('pf0', 'wire', wire)
        yield strings('pf0', 'wire', wire, 'dpdk-devargs', '0000:03:00.0')
        yield strings('pf0', 'wire', wire, 'vhost-server-path', '/run/x')
        yield strings('pf0', 'wire', wire, 'xdp-mode', 'native')
        yield strings('pf0', 'wire', wire, 'wire-dev', 'eth1')
    yield strings('eth1', 'wire', 'system', 'wire-dev', 'eth1')
    yield strings('pf0', 'wire', 'system', 'wire-dev', 'x' * 16)
    yield vf_options()
    yield vf_options('max-flows', '100')
    yield vf_options('max-flows', '0')
    for mac in ('50:54:00:00:00:01', '01:00:00:00:00:00', '0:0:0:0:0:0',
                '5:4:0:0:0:1', '50:54:00:00:00:01x', ''):
        yield vf_options('mac', mac)
    yield vf_options('max-flows', '2')
    for key, value in (('vni', '16777215'), ('vni', '16777216'),
                       ('vlan', '4094'), ('vlan', '4095'),
                       ('unknown', 'drop')):
        yield vf_options(key, value)
        yield vf_options('vni', '5', 'unknown', 'drop', key, value)
    for number in '4095', '4096', '65536', '':
        yield vf_options('vf', number)


def commands():
    frame = layers('eth:dst=50:54:00:00:00:0a', 'ip', 'udp', 'data').hex()
    flow = ('recirc_id(0),in_port(2),packet_type(ns=0,id=0),'
            'eth(src=50:54:00:00:00:01,dst=50:54:00:00:00:0a),%s')
    vxlan = layers('eth:dst=50:54:00:00:00:0a', 'ip:dst=10.0.0.1',
                   'udp:dst=4789', 'vxlan:vni=5', 'data:hex=' + frame).hex()
    flows = [
        flow % 'eth_type(0x0800),ipv4(src=1.1.1.1,dst=2.2.2.2,proto=17,'
               'tos=0,ttl=64,frag=no),udp(src=1,dst=2)',
        flow % 'eth_type(0x86dd),ipv6(src=::1,dst=::2,label=0,proto=58,'
               'tclass=0,hlimit=64,frag=later)',
        flow % 'eth_type(0x0806),arp(sip=1.1.1.1,tip=2.2.2.2,op=1,'
               'sha=00:00:00:00:00:01,tha=00:00:00:00:00:00)',
        flow % 'eth_type(0x8100),vlan(vid=5,pcp=0),encap(eth_type(0x0800),'
               'ipv4(frag=no))',
        flow % 'eth_type(0x8847),mpls(label=1,tc=0,ttl=64,bos=1)',
        flow % 'eth_type(0x894f),nsh(flags=0,ttl=63,mdtype=1,np=1,spi=1,si=1,'
               'c1=0,c2=0,c3=0,c4=0)',
        'in_port(2),packet_type(ns=1,id=0x800),ipv4(frag=no)',
        'tunnel(tun_id=1,src=1.1.1.1,dst=2.2.2.2,ttl=64,flags(key)),'
        'in_port(5),eth(),eth_type(0x0800),ipv4(frag=no)',
    ]
    for i in range(9):
        yield bytes([i])
        yield bytes([i]) + strings('--format=json')
        yield bytes([i]) + strings('pf0')
        yield bytes([i]) + strings('--format=json', 'pf0')
    for port in 'vm1', 'vm2', 'pf0', 'x':
        yield b'\0' + strings(port, frame)
        yield b'\0' + strings('--format=json', port, vxlan)
    for text in flows + ['', '00', frame[:28], frame + 'x', 'in_port(']:
        yield b'\0' + strings('vm1', text)
    yield b'\3' + strings('--format=xml')
    yield b'\7' + strings('--format=json', '--format=table')
    yield b'\7' + strings('--format=table', '--format=json')
    yield b'\3' + strings('-x')


def main(args):
    if len(args) != 1:
        sys.exit(__doc__)
    for target in vf, uplink, match, actions, config, commands:
        directory = os.path.join(args[0], target.__name__)
        os.makedirs(directory, exist_ok=True)
        for i, data in enumerate(target()):
            with open(os.path.join(directory, 'made-%02d' % i), 'wb') as f:
                f.write(data)


if __name__ == '__main__':
    main(sys.argv[1:])
