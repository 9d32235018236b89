# SPDX-License-Identifier: Apache-2.0

"""Packets, layer by layer, as bytes."""

import socket
import struct

ETH_IPV4, ETH_VLAN, ETH_IPV6 = 0x0800, 0x8100, 0x86dd
IP_UDP = 17
TTL = 64
VXLAN_VNI_VALID = 0x08000000    # RFC 7348, section 5.


def mac(text):
    return bytes.fromhex(text.replace(':', ''))


def address(text):
    return socket.inet_pton(
        socket.AF_INET6 if ':' in text else socket.AF_INET, text)


def checksum(data):
    """RFC 1071.  The sum of 16-bit words, with the carries added to it, is the
    remainder of the whole number by 0xffff.  Never 0, which UDP has no use
    for."""
    if len(data) % 2:
        data += b'\0'
    return 0xffff - int.from_bytes(data, 'big') % 0xffff


def is_sound(data):
    """Does the checksum that is in the data fit?"""
    return checksum(data) in (0, 0xffff)


def ethernet(dst, src, ethertype, payload, vlan=None):
    tag = b'' if vlan is None else struct.pack('!HH', ETH_VLAN, vlan)
    return mac(dst) + mac(src) + tag + struct.pack('!H', ethertype) + payload


def ipv4(src, dst, payload):
    header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), 0,
                         0x4000, TTL, IP_UDP, 0, address(src), address(dst))
    return (header[:10] + struct.pack('!H', checksum(header)) + header[12:]
            + payload)


def ipv6(src, dst, payload):
    return struct.pack('!IHBB16s16s', 6 << 28, len(payload), IP_UDP, TTL,
                       address(src), address(dst)) + payload


def pseudo_header(src, dst, length):
    """RFC 768, and section 8.1 of RFC 8200, whose sums are the same."""
    return address(src) + address(dst) + struct.pack('!HH', IP_UDP, length)


def udp(src_port, dst_port, payload, addresses=None):
    """With a checksum if there are addresses, (src, dst), to make it with."""
    length = 8 + len(payload)
    header = struct.pack('!HHH', src_port, dst_port, length)
    value = 0
    if addresses:
        value = checksum(pseudo_header(*addresses, length) + header + b'\0\0'
                         + payload)
    return header + struct.pack('!H', value) + payload


def vxlan(vni, frame):
    return struct.pack('!II', VXLAN_VNI_VALID, vni << 8) + frame
