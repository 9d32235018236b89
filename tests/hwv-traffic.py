#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Traffic for the system tests, with its content checked both ways.

usage: hwv-traffic.py serve READY
       hwv-traffic.py tcp BYTES IP...
       hwv-traffic.py stream IP STEM
       hwv-traffic.py echo IP STEM
       hwv-traffic.py connect IP PORT
       hwv-traffic.py frames DEV COUNT HEX...
       hwv-traffic.py sources DEV PID COUNT
       hwv-traffic.py watch DEV READY LENGTH
       hwv-traffic.py zipf KEYS ALPHA COUNT
       hwv-traffic.py requests DEV PID FILE

"serve" sends back what it receives, TCP and UDP, and creates the file READY
when it is ready to.  "connect" tells whether it can be reached at a TCP PORT:
5201, which the others use, and 5202.

"frames" sends Ethernet frames, padded with zeros, COUNT times each.  "sources"
sends a broadcast of type 0x88b5 from each of COUNT addresses.  "watch" prints
the first LENGTH bytes of frames of this type that DEV receives, whoever they
are for.

"zipf" prints COUNT of the numbers below KEYS, one in each line, by Zipf's law
with exponent ALPHA: always the same ones.  "requests" reads such a FILE and
sends for each line an IPv4 packet to MAC address 02:00:bb:00:XX:XX, XX:XX
being the number.

"sources" and "requests" wait while packets wait for process PID, which reads
them from packet sockets: its queues overflow at no speed.

"tcp" sends BYTES of random content to each IP and checks what comes back.

"stream" sends chunks over one TCP connection, the next when the one before has
come back; "echo" sends numbered UDP packets, with at most four on their way.
So nobody is overrun, however slow he is.  Both go on until there is a file
STEM.stop.  The file STEM.count tells how many have come back so far; when it
has ended, "echo" prints how many were lost (did not come back within five
seconds), late, and double."""

import os
import random
import socket
import struct
import sys
import threading
import time

PORT = 5201
TIMEOUT = 100                   # Seconds; TCP backs off meanwhile.
LOST = 5                        # Seconds.
PAUSE = .003                    # Seconds, between chunks or packets.
WINDOW = 4
WAITING = 50000                 # Bytes, a quarter of net.core.rmem_default.


def tell(path, value):
    """A reader never sees half of it."""
    with open(path + '.tmp', 'w') as f:
        print(value, file=f)
    os.rename(path + '.tmp', path)


def tcp_back(peer):
    try:
        while data := peer.recv(1 << 16):
            peer.sendall(data)
        peer.close()
    except OSError as error:
        print(error, flush=True)


def tcp_serve(listener):
    while True:
        threading.Thread(target=tcp_back, args=[listener.accept()[0]],
                         daemon=True).start()


def serve(ready):
    six = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if six else socket.AF_INET
    for port in PORT, PORT + 1:
        listener = socket.create_server(('', port), family=family, backlog=16,
                                        dualstack_ipv6=six)
        threading.Thread(target=tcp_serve, args=[listener],
                         daemon=True).start()
    udp = socket.socket(family, socket.SOCK_DGRAM)
    if six:
        udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    udp.bind(('', PORT))
    tell(ready, os.getpid())
    while True:
        try:
            udp.sendto(*udp.recvfrom(2048))
        except OSError as error:
            print(error, flush=True)


def receive(sock, size):
    parts = []
    while size and (data := sock.recv(min(size, 1 << 16))):
        parts.append(data)
        size -= len(data)
    return b''.join(parts)


def tcp(size, ip):
    """Not a multiple of any segment's size: each has content of its own."""
    content = os.urandom((1 << 16) + 4099) * (size // (1 << 16) + 1)
    content = content[:size]
    sock = socket.create_connection((ip, PORT), timeout=TIMEOUT)
    sender = threading.Thread(target=sock.sendall, args=[content])
    sender.start()
    if receive(sock, size) != content:
        sys.exit('%s sent back other content' % ip)
    sender.join()
    sock.close()


def stream(ip, stem):
    sock = socket.create_connection((ip, PORT), timeout=TIMEOUT)
    done = 0
    while not os.path.exists(stem + '.stop'):
        chunk = os.urandom(8000)
        sock.sendall(chunk)
        if receive(sock, len(chunk)) != chunk:
            sys.exit('%s sent back other content' % ip)
        done += 1
        tell(stem + '.count', done)
        time.sleep(PAUSE)
    sock.close()


class Echo:
    def __init__(self, ip):
        self.sock = socket.socket(socket.AF_INET6 if ':' in ip
                                  else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect((ip, PORT))
        self.salt = os.urandom(200)
        self.sent = 0
        self.back = 0
        self.waiting = {}       # When was each sent?
        self.lost = set()
        self.late = 0
        self.double = 0

    def send(self):
        try:
            self.sock.send(struct.pack('>I', self.sent) + self.salt)
        except OSError:         # The device or the route is away.
            time.sleep(.1)
            return
        self.waiting[self.sent] = time.monotonic()
        self.sent += 1

    def receive(self):
        """Waits until one is back, or lost."""
        left = min(self.waiting.values()) + LOST - time.monotonic()
        self.sock.settimeout(max(left, .001))
        try:
            data = self.sock.recv(2048)
        except socket.timeout:
            self.give_up()
            return
        except OSError:
            return
        number, = struct.unpack('>I', data[:4])
        if data[4:] != self.salt or number >= self.sent:
            sys.exit('other content came back')
        if self.waiting.pop(number, None):
            self.back += 1
        elif number in self.lost:
            self.lost.remove(number)
            self.late += 1
        else:
            self.double += 1

    def give_up(self):
        end = time.monotonic() - LOST
        for number in [n for n, sent in self.waiting.items() if sent <= end]:
            del self.waiting[number]
            self.lost.add(number)


def echo(ip, stem):
    e = Echo(ip)
    while not os.path.exists(stem + '.stop'):
        if len(e.waiting) < WINDOW:
            e.send()
        if len(e.waiting) == WINDOW:
            e.receive()
            tell(stem + '.count', e.back)
        time.sleep(PAUSE)
    while e.waiting:
        e.receive()
    print('lost %d late %d double %d' % (len(e.lost), e.late, e.double))


def connect(ip, port):
    """Three seconds are two retries of TCP's."""
    try:
        socket.create_connection((ip, int(port)), timeout=3).close()
        print('reached')
    except socket.timeout:
        print('no answer')


def frames(dev, count, *texts):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((dev, 0))
    for text in texts:
        for _ in range(int(count)):
            sock.send(bytes.fromhex(text.replace(':', '')).ljust(60, b'\0'))


def wait_for_reader(pid):
    """Waits until each packet socket in the namespace of 'pid' has room."""
    while True:
        with open('/proc/%s/net/packet' % pid) as file:
            rmem = next(file).split().index('Rmem')
            if all(int(line.split()[rmem]) < WAITING for line in file):
                return
        time.sleep(.001)


def sources(dev, pid, count):
    for i in range(int(count)):
        wait_for_reader(pid)
        frames(dev, 1, 'ffffffffffff0200aa00%04x88b5' % i)
        time.sleep(PAUSE / 3)


def watch(dev, ready, length):
    """A socket for one type does not get what others send by DEV."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((dev, 0x88b5))
    tell(ready, '')
    while True:
        print(sock.recv(1 << 16)[:int(length)].hex(), flush=True)


def zipf(keys, alpha, count):
    """The number 0 is the most popular one."""
    weights = [1 / (i + 1) ** float(alpha) for i in range(int(keys))]
    print(*random.Random(1).choices(range(int(keys)), weights, k=int(count)),
          sep='\n')


def requests(dev, pid, path):
    """At most 10,000 packets in a second, a few of them at once."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((dev, 0))
    ip = bytes.fromhex('0200aa000001 0800 4500001c 00000000 401166cf 0a000001'
                       '0a000002 0035 0035 0008 0000').ljust(54, b'\0')
    with open(path) as file:
        for i, line in enumerate(file):
            sock.send(bytes.fromhex('0200bb00%04x' % int(line)) + ip)
            if i % 16 == 15:
                wait_for_reader(pid)
                time.sleep(16 / 10000)


def main(command, *args):
    if command == 'serve':
        serve(*args)
    elif command == 'tcp':
        for ip in args[1:]:
            tcp(int(args[0]), ip)
    elif command == 'stream':
        stream(*args)
    elif command == 'echo':
        echo(*args)
    elif command == 'connect':
        connect(*args)
    elif command == 'frames':
        frames(*args)
    elif command == 'sources':
        sources(*args)
    elif command == 'watch':
        watch(*args)
    elif command == 'zipf':
        zipf(*args)
    elif command == 'requests':
        requests(*args)
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main(*sys.argv[1:])
