#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0

"""Makes the test vectors of the VXLAN codec: encap.txt and outer.txt.

The bytes come from scapy, that is, from neither our code nor OVS's.  Run it in
the directory of the files after changing it, and look at what changed there.
"""

import struct

from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.layers.inet6 import (IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, IPv6ExtHdrRouting,
                                ICMPv6EchoRequest)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import ARP, LLC, SNAP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

LICENSE = "# SPDX-License-Identifier: Apache-2.0\n"
ENCAP_FORMAT = """\
# Made by make-vectors.py.
#
# frame NAME BYTES
# encap NAME FRAME VNI INNER-ECN RSS-HASH NEXT-HOP UDP-CSUM BASE OUTER
#
# BYTES are hexadecimal, or several of these with commas between, each with an
# optional "*COUNT".  BASE is a struct hwv_encap's header, OUTER what it is in
# front of FRAME.
"""
OUTER_FORMAT = """\
# Made by make-vectors.py.
#
# vxlan NAME CHECKSUMS VNI PORT TOS UDP-CSUM DMAC SMAC SRC DST OUTER-LEN BYTES
# doubtful NAME OUTER-LEN VNI BYTES
# other NAME BYTES
"""

VM1, VM2 = "02:00:00:00:01:01", "02:00:00:00:01:02"
PF, HOP = "02:00:00:00:02:01", "02:00:00:00:02:02"
V4, V4B = "192.0.2.1", "198.51.100.254"
V6, V6B = "2001:db8::1", "2001:db8:ffff::2"


def outer(src=V4, dst=V4B, dmac=HOP, smac=PF, tos=0, ttl=64, df=True,
          csum=False, sport=40000, dport=4789, vni=5001):
    """The outer headers, with lengths and checksums left to scapy."""
    if ":" in dst:
        ip = IPv6(src=src, dst=dst, tc=tos, hlim=ttl)
    else:
        ip = IP(src=src, dst=dst, tos=tos, ttl=ttl, id=0,
                flags="DF" if df else 0)
    udp = UDP(sport=sport, dport=dport)
    if not csum and ":" not in dst:
        udp.chksum = 0
    return (Ether(dst=dmac, src=smac) / ip / udp
            / VXLAN(flags="Instance", vni=vni))


def outer_len(packet):
    return 70 if isinstance(packet.payload, IPv6) else 50


def ether(payload):
    return Ether(dst=VM2, src=VM1) / payload


def data(n):
    return Raw(bytes(i & 0xff for i in range(n)))


FRAMES = {
    "udp4": bytes(ether(IP(src="10.0.0.1", dst="10.0.0.2", tos=1)
                        / UDP(sport=1000, dport=2000) / data(20))),
    "tcp6": bytes(ether(IPv6(src="fd00::1", dst="fd00::2", tc=2)
                        / TCP(sport=3000, dport=80) / data(33))),
    "arp": bytes(ether(ARP(hwsrc=VM1, psrc="10.0.0.1", pdst="10.0.0.2"))),
    "empty": bytes(Ether(dst=VM2, src=VM1, type=0x88b5)),
    "odd": bytes(Ether(dst=VM2, src=VM1, type=0x88b5) / data(1)),
}
LONG = {"full": 1500, "jumbo": 9000, "huge": 65000}


def compact(frame):
    """A frame in hexadecimal, its tail of equal bytes counted."""
    tail = len(frame) - len(frame.rstrip(frame[-1:]))
    if tail < 8:
        return frame.hex()
    return "%s,%s*%d" % (frame[:-tail].hex(), frame[-1:].hex(), tail)


def src_port(rss_hash, low=32768, high=61000):
    """OVS's default range of source ports."""
    return low + (rss_hash * (high - low) >> 32)


def base(**args):
    """An outer header less what differs between packets."""
    args["dmac"] = "00:00:00:00:00:00"
    packet = outer(sport=0, vni=0, **args)
    packet[UDP].len = 0
    packet[UDP].chksum = 0
    if IPv6 in packet:
        packet[IPv6].plen = 0
    else:
        packet[IP].len = 0
    return bytes(packet)


def zero_sum(**args):
    """A frame with which the outer UDP checksum comes out as zero."""
    frame = FRAMES["empty"] + bytes(2)
    packet = outer(csum=True, **args) / Raw(frame)
    frame = frame[:-2] + struct.pack("!H", Ether(bytes(packet))[UDP].chksum)
    packet = outer(csum=True, **args) / Raw(frame)
    assert Ether(bytes(packet))[UDP].chksum == 0xffff
    return frame


def encap_vectors():
    yield from ("frame %s %s" % (name, compact(frame))
                for name, frame in FRAMES.items())
    for name, length in LONG.items():
        FRAMES[name] = FRAMES["udp4"][:14] + bytes([0xa5]) * length
        yield "frame %s %s" % (name, compact(FRAMES[name]))
    for name, args in (("zerosum4", {}), ("zerosum6", dict(src=V6, dst=V6B))):
        FRAMES[name] = zero_sum(sport=src_port(0), **args)
        yield "frame %s %s" % (name, compact(FRAMES[name]))

    def encap(name, frame, ecn=0, rss=0, vni=5001, dscp=0, **args):
        csum = bool(args.get("csum")) or ":" in args.get("dst", "")
        outer_ecn = {0: 0, 1: 1, 2: 2, 3: 2}[ecn]
        packet = outer(sport=src_port(rss), vni=vni, tos=dscp | outer_ecn,
                       **args) / Raw(FRAMES[frame])
        header = bytes(packet)[:outer_len(packet)]
        return "encap %s %s %d %d %#x %s %d %s %s" % (
            name, frame, vni, ecn, rss, packet.dst, csum,
            base(tos=dscp, **args).hex(), header.hex())

    for version, args in ((4, {}), (6, dict(src=V6, dst=V6B))):
        for frame in FRAMES:
            yield encap("%s-over-%d" % (frame, version), frame, **args)
            yield encap("%s-csum-over-%d" % (frame, version), frame, csum=True,
                        **args)
        for ecn in range(4):
            yield encap("ecn%d-over-%d" % (ecn, version), "udp4", ecn=ecn,
                        **args)
            yield encap("ecn%d-dscp-over-%d" % (ecn, version), "tcp6", ecn=ecn,
                        dscp=0xb8, csum=True, **args)
        for vni in (0, 1, 0x123456, 0xffffff):
            yield encap("vni%d-over-%d" % (vni, version), "udp4", vni=vni,
                        **args)
        for rss in (1, 0x12345678, 0x80000000, 0xffffffff):
            yield encap("rss%#x-over-%d" % (rss, version), "odd", rss=rss,
                        csum=True, **args)
        yield encap("port-over-%d" % version, "udp4", dport=8472, **args)
        yield encap("ttl-over-%d" % version, "udp4", ttl=1, **args)
        yield encap("next-hop-over-%d" % version, "udp4",
                    dmac="fe:dc:ba:98:76:54", **args)
    yield encap("no-df", "udp4", df=False)
    yield encap("no-df-csum", "arp", df=False, csum=True, dscp=0xfc, ecn=3)


def well_formed():
    """Names and packets that are VXLAN beyond doubt."""
    for version, args in ((4, {}), (6, dict(src=V6, dst=V6B))):
        def make(name, frame="udp4", args=args, version=version, **more):
            return ("%s-over-%d" % (name, version),
                    outer(**args, **more) / Raw(FRAMES[frame]))

        yield make("plain")
        yield make("csum", csum=True)
        yield make("empty", frame="empty")
        yield make("odd", frame="odd", csum=True)
        yield make("tcp6", frame="tcp6")
        yield make("arp", frame="arp")
        yield make("tos", tos=0xfd)
        yield make("ect0", tos=0x02)
        yield make("port", dport=8472)
        yield make("vni0", vni=0)
        yield make("vnimax", vni=0xffffff)
        yield make("ttl0", ttl=0)
        yield make("macs", dmac="fe:dc:ba:98:76:54", smac="01:00:5e:00:00:01")
        yield make("sport0", sport=0)
    yield "no-df", outer(df=False) / Raw(FRAMES["udp4"])
    yield "csum-zero-is-ffff", (outer(csum=True, sport=40000)
                                / Raw(zero_sum(sport=40000)))


def describe(name, packet, checksums):
    packet = bytes(packet)
    p = Ether(packet)
    ip = p.payload
    tos = ip.tc if isinstance(ip, IPv6) else ip.tos
    return "vxlan %s %s %d %d %d %d %s %s %s %s %d %s" % (
        name, checksums, p[VXLAN].vni, p[UDP].dport, tos, p[UDP].chksum != 0,
        p.dst, p.src, ip.src, ip.dst, outer_len(p), packet.hex())


def changed(packet, ofs, value):
    """'packet' with the byte at 'ofs' changed by XOR with 'value'."""
    packet = bytearray(bytes(packet))
    packet[ofs] ^= value
    return bytes(packet)


def bad_checksums():
    v4 = outer() / Raw(FRAMES["udp4"])
    v4c = outer(csum=True) / Raw(FRAMES["odd"])
    v6 = outer(src=V6, dst=V6B) / Raw(FRAMES["odd"])
    yield "ip-csum", changed(v4, 24, 0x01)
    yield "ip-csum-and-udp-csum", changed(v4c, 24, 0x80)
    yield "ip-ttl", changed(v4, 22, 0x01)
    yield "udp-csum", changed(v4c, 40, 0x10)
    yield "udp6-csum", changed(v6, 60, 0x10)
    yield "udp-sport", changed(v4c, 34, 0x01)
    yield "inner", changed(v4c, 52, 0x01)
    yield "last", changed(v4c, len(v4c) - 1, 0x01)
    yield "inner6", changed(v6, 72, 0x01)
    yield "last6", changed(v6, len(v6) - 1, 0x01)
    yield "addr6", changed(v6, 37, 0x01)


def with_ip(packet, **fields):
    packet = packet.copy()
    for field, value in fields.items():
        packet[IP].setfieldval(field, value)
    return packet


def with_udp_len(packet, difference):
    packet = packet.copy()
    packet[UDP].len = len(packet[UDP]) + difference
    return packet


def with_ip_len(packet, difference):
    packet = packet.copy()
    if IPv6 in packet:
        packet[IPv6].plen = len(packet[IPv6].payload) + difference
    else:
        packet[IP].len = len(packet[IP]) + difference
    return packet


def doubtful_where_vxlan_should_be():
    """All but one thing is right, and the inner frame is in its place."""
    frame = Raw(FRAMES["udp4"])
    for version, args in ((4, {}), (6, dict(src=V6, dst=V6B))):
        good = outer(**args) / frame
        vxlan = outer_len(good) - 8

        yield "padding-over-%d" % version, bytes(good) + bytes(1)
        yield "ip-len-long-over-%d" % version, with_ip_len(good, 1)
        yield "ip-len-short-over-%d" % version, with_ip_len(good, -1)
        yield "udp-len-long-over-%d" % version, with_udp_len(good, 1)
        yield "udp-len-short-over-%d" % version, with_udp_len(good, -1)
        yield "udp-len-zero-over-%d" % version, with_udp_len(
            good, -len(good[UDP]))
        yield "ce-over-%d" % version, outer(tos=0x03, **args) / frame
        yield "ce-dscp-over-%d" % version, outer(tos=0xff, **args) / frame
        for bit in range(8):
            yield ("vxlan-flags-%d-over-%d" % (bit, version),
                   changed(good, vxlan, 1 << bit))
        for ofs in (1, 2, 3, 7):
            yield ("vxlan-reserved-%d-over-%d" % (ofs, version),
                   changed(good, vxlan + ofs, 1 << ofs))
        yield "dns-over-%d" % version, dns(**args)
    yield "ip-len-tiny", with_ip_len(outer() / frame, -60)
    yield "no-udp6-csum", changed_udp_csum(outer(src=V6, dst=V6B) / frame, 0)
    yield "mapped-src", outer(src="::ffff:192.0.2.1", dst=V6B) / frame
    yield "mapped-dst", outer(src=V6, dst="::ffff:198.51.100.254") / frame


def changed_udp_csum(packet, csum):
    packet = packet.copy()
    packet[UDP].chksum = csum
    return packet


def dns(src=V4, dst=V4B):
    ip = IPv6(src=src, dst=dst) if ":" in dst else IP(src=src, dst=dst)
    return (Ether(dst=HOP, src=PF) / ip / UDP(sport=53, dport=1053)
            / DNS(qd=DNSQR(qname="vtep.example.org")))


def doubtful_anywhere():
    """VXLAN, if it is that, is not where it should be."""
    frame = Raw(FRAMES["udp4"])
    good = outer() / frame
    good6 = outer(src=V6, dst=V6B) / frame

    yield "more-fragments", with_ip(good, flags="MF")
    yield "later-fragment", with_ip(good, flags=0, frag=1)
    yield "last-fragment", with_ip(good, flags=0, frag=0x1000)
    yield "reserved-flag", with_ip(good, flags="evil")
    yield "ip-options", with_ip(good, options=[IPOption_NOP()] * 4)
    yield "ihl-4", with_ip(good, ihl=4)
    yield "ihl-15", with_ip(good, ihl=15)
    yield "version-6", with_ip(good, version=6)
    yield "version-4", changed(good6, 14, 0x20)
    for name, extension in (
            ("hop-by-hop", IPv6ExtHdrHopByHop()),
            ("destination", IPv6ExtHdrDestOpt()),
            ("routing", IPv6ExtHdrRouting()),
            ("fragment", IPv6ExtHdrFragment(m=1)),
            ("atomic-fragment", IPv6ExtHdrFragment()),
            ("ah", AH(nh=17, payloadlen=4, spi=1, icv=bytes(12)))):
        packet = good6.copy()
        packet[IPv6].remove_payload()
        yield name, packet / extension / good6[UDP].copy()
    yield "three-tags", (Ether(dst=HOP, src=PF) / Dot1AD(vlan=5)
                         / Dot1Q(vlan=6) / Dot1Q(vlan=7) / good[IP].copy())
    yield "only-tag", bytes(Ether(dst=HOP, src=PF) / Dot1Q(vlan=5))[:17]
    yield "snap", (Dot3(dst=HOP, src=PF)
                   / LLC(dsap=0xaa, ssap=0xaa, ctrl=3)
                   / SNAP(OUI=0, code=0x0800) / good[IP].copy())
    yield "only-ethernet", bytes(good)[:14]
    yield "short-ip", bytes(good)[:33]
    yield "short-ip6", bytes(good6)[:53]


def doubtful_tagged():
    """VXLAN with tags in front of the IP header."""
    for version, args in ((4, {}), (6, dict(src=V6, dst=V6B))):
        packet = outer(**args) / Raw(FRAMES["udp4"])
        for name, tags in (("vlan", Dot1Q(vlan=5)), ("svlan", Dot1AD(vlan=5)),
                           ("qinq", Dot1AD(vlan=5) / Dot1Q(vlan=6))):
            tags = tags.copy()
            yield ("%s-over-%d" % (name, version), outer_len(packet),
                   len(tags), (Ether(dst=HOP, src=PF) / tags
                               / packet[UDP].underlayer.copy()))


def doubtful_short():
    """UDP, but too short for an inner frame."""
    for version, args in ((4, {}), (6, dict(src=V6, dst=V6B))):
        good = outer(**args)
        empty = good[UDP].underlayer.copy()
        empty.remove_payload()
        ether_ = Ether(dst=HOP, src=PF)
        yield "no-udp-data-over-%d" % version, ether_ / empty / UDP()
        yield "no-inner-over-%d" % version, good
        yield ("inner-13-over-%d" % version,
               good / Raw(FRAMES["empty"][:13]))


def other():
    yield "arp", ether(ARP(hwsrc=VM1, psrc=V4, pdst=V4B))
    yield "icmp", ether(IP(src=V4, dst=V4B) / ICMP() / data(40))
    yield "tcp", ether(IP(src=V4, dst=V4B) / TCP() / data(40))
    yield "icmp-fragment", ether(IP(src=V4, dst=V4B, flags="MF") / ICMP()
                                 / data(40))
    yield "icmp6", ether(IPv6(src=V6, dst=V6B) / ICMPv6EchoRequest())
    yield "tcp6", ether(IPv6(src=V6, dst=V6B) / TCP() / data(40))
    yield "lldp", Ether(dst=HOP, src=PF, type=0x88cc) / data(46)
    yield "mpls", Ether(dst=HOP, src=PF, type=0x8847) / data(46)
    yield "vlan-arp", (Ether(dst=HOP, src=PF) / Dot1Q(vlan=5)
                       / ARP(hwsrc=VM1, psrc=V4, pdst=V4B))
    yield "vlan-tcp", (Ether(dst=HOP, src=PF) / Dot1Q(vlan=5)
                       / IP(src=V4, dst=V4B) / TCP() / data(40))
    yield "nothing", b""
    yield "short-ethernet", bytes(outer())[:13]


def outer_vectors():
    for name, packet in well_formed():
        yield describe(name, packet, "good")
    for name, packet in bad_checksums():
        yield describe("bad-" + name, packet, "bad")
    for name, packet in doubtful_where_vxlan_should_be():
        packet = bytes(packet)
        length = 70 if packet[12:14] == b"\x86\xdd" else 50
        vni = packet[length - 4:length - 1].hex()
        yield "doubtful %s %d %d %s" % (name, length, int(vni, 16),
                                        packet.hex())
    for name, packet in doubtful_anywhere():
        yield "doubtful %s 0 - %s" % (name, bytes(packet).hex())
    for name, packet_len, tags_len, packet in doubtful_tagged():
        yield "doubtful %s %d 5001 %s" % (name, packet_len + tags_len,
                                          bytes(packet).hex())
    for name, packet in doubtful_short():
        yield "doubtful %s %d - %s" % (name, outer_len(packet),
                                       bytes(packet).hex())
    for name, packet in other():
        yield "other %s %s" % (name, bytes(packet).hex() or "-")


def write(name, comment, lines):
    with open(name, "w", encoding="ascii") as f:
        f.write(LICENSE + comment)
        f.writelines(line + "\n" for line in lines)


if __name__ == "__main__":
    write("encap.txt", ENCAP_FORMAT, encap_vectors())
    write("outer.txt", OUTER_FORMAT, outer_vectors())
