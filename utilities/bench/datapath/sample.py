# SPDX-License-Identifier: Apache-2.0

"""Are the packets right?

Some of what a system sends is captured.  Inside must be what was sent, all of
it and nothing else.  Outer headers must be sound, and those of ours and of
stock OVS the same, but for the UDP source port: OVS leaves it open which one
of its range a flow has."""

import os
import struct
import threading

import network
import packets
import pcap
from processes import wait

FLOWS = 1024                    # To look at, at most.
PATIENCE = 120                  # Seconds.
SOURCE_PORTS = range(32768, 61001)      # OVS's default.
TIMES = 2                       # Each frame is due so often.


class Capture:
    """A pipe in place of the pcap file that a device writes."""

    def __init__(self, path):
        self.path = path
        self.frames = []
        self.wanted = 0
        os.mkfifo(path)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        """All, or the device would block; but keeps what is wanted."""
        with open(self.path, 'rb', buffering=1 << 20) as file:
            for frame in pcap.read(file):
                if len(self.frames) < self.wanted:
                    self.frames.append(frame)

    def take(self, n, process):
        self.wanted = n
        wait('%d packets' % n, lambda: len(self.frames) == n, PATIENCE,
             process)
        return self.frames

    def close(self):
        """Where no device has opened the pipe, the thread waits for it."""
        try:
            os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            pass                # The thread has ended.
        self.thread.join()


class Sample:
    """What came out: the outer header of each inner frame, without its source
    port, and that port for each flow.  'problems' are sentences."""

    def __init__(self, traffic, frames):
        self.outer = {}
        self.ports = {}
        self.problems = []
        known = set(traffic.inner)
        direction = traffic.point.direction
        for frame in frames:
            header, inner = b'', frame
            if direction.startswith('encap'):
                header, inner = self.split(frame, network.underlay(direction))
            if inner not in known:
                self.problem('nobody has sent what came out', frame)
            elif self.outer.setdefault(inner, header) != header:
                self.problem('the outer header changes', frame)
        missing = len(known - set(self.outer))
        if missing:
            self.problems.append('%d of %d frames have not come out'
                                 % (missing, len(known)))

    def problem(self, what, frame):
        self.problems.append('%s: %s' % (what, frame.hex()))

    def split(self, frame, version):
        """Returns the outer header, without what the source port decides on,
        and the inner frame."""
        size = {4: 20, 6: 40}[version]
        ip, udp = frame[14:14 + size], frame[14 + size:]
        header, inner = bytearray(frame[:-len(udp[16:])]), udp[16:]
        if not inner:
            return frame, inner
        self.check_port(inner[:6], struct.unpack_from('!H', udp)[0])
        struct.pack_into('!H', header, 14 + size, 0)
        if version == 4:
            if not packets.is_sound(ip):
                self.problem('the IPv4 header has a wrong checksum', frame)
        else:
            pseudo = ip[8:40] + struct.pack('!HH', packets.IP_UDP, len(udp))
            if not packets.is_sound(pseudo + udp):
                self.problem('UDP has a wrong checksum', frame)
            struct.pack_into('!H', header, 14 + size + 6, 0)
        return bytes(header), inner

    def check_port(self, flow, port):
        if port not in SOURCE_PORTS:
            self.problems.append('UDP source port %d is not one of OVS\'s'
                                 % port)
        elif self.ports.setdefault(flow, port) != port:
            self.problems.append('the UDP source port of flow %s changes'
                                 % flow.hex(':'))


def compare(ours, stock):
    """Returns sentences about differences between the Samples."""
    return ['ours has the outer header %s, stock %s'
            % (header.hex(), stock.outer[inner].hex())
            for inner, header in ours.outer.items()
            if stock.outer.get(inner, header) != header]
