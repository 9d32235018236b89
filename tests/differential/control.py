# SPDX-License-Identifier: Apache-2.0

"""Talks to a running ovs-vswitchd without starting a program for each word.

Starting ovs-appctl or ovs-ofctl takes longer than what they ask for.  A case
asks hundreds of times, so the two protocols are spoken here: JSON-RPC for
unixctl commands, and as much of OpenFlow 1.3 as statistics need."""

import json
import os
import socket
import struct
import time

TIMEOUT = 90                    # Seconds, for any single answer.


class ControlError(Exception):
    """The switch refused, or does not answer any more."""


def connect(path):
    """Returns a socket for 'path'.  The path is given relative to its
    directory, as the kernel allows only 107 bytes."""
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(TIMEOUT)
    directory = os.open(os.path.dirname(path), os.O_PATH)
    try:
        sock.connect('/proc/self/fd/%d/%s' % (directory,
                                              os.path.basename(path)))
    finally:
        os.close(directory)
    return sock


def connect_soon(path):
    """The same, while the server may still be starting."""
    end = time.monotonic() + TIMEOUT
    while True:
        try:
            return connect(path)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


class UnixCtl:
    """One connection for unixctl commands."""

    def __init__(self, path):
        self.sock = connect_soon(path)
        self.serial = 0
        self.rest = ''
        self.pending = []
        self.decoder = json.JSONDecoder()

    def __call__(self, command, *args):
        """Returns what 'command' prints."""
        return self.all([(command, *args)])[0]

    def all(self, commands):
        """Returns what each of 'commands' prints.  They are sent in one go:
        the switch does not reconfigure itself in between."""
        self.start(commands)
        return self.finish()

    def start(self, commands):
        text = ''
        for command, *args in commands:
            self.serial += 1
            text += json.dumps({'id': self.serial, 'method': command,
                                'params': [str(arg) for arg in args]})
        self.pending = [command for command, *_ in commands]
        self.sock.sendall(text.encode())

    def finish(self):
        results = []
        for command in self.pending:
            reply = self.receive()
            if reply.get('error') is not None:
                raise ControlError('%s: %s' % (command, reply['error']))
            results.append(reply['result'])
        return results

    def receive(self):
        while True:
            try:
                reply, end = self.decoder.raw_decode(self.rest)
                self.rest = self.rest[end:].lstrip()
                return reply
            except ValueError:
                data = self.sock.recv(1 << 20)
                if not data:
                    raise ControlError('ovs-vswitchd is gone') from None
                self.rest += data.decode()

    def close(self):
        self.sock.close()


OFP_VERSION = 4                 # OpenFlow 1.3.
HELLO, ERROR, ECHO, ECHO_REPLY = 0, 1, 2, 3
FEATURES, MULTIPART, MULTIPART_REPLY = 5, 18, 19
MP_FLOW, MP_TABLE, MP_PORT, MP_GROUP, MP_METER = 1, 3, 4, 6, 9
MORE = 1
ANY = 0xffffffff


class OpenFlow:
    """One connection to a bridge, for statistics."""

    def __init__(self, path):
        self.sock = connect_soon(path)
        self.data = b''
        self.xid = 0
        self.send(HELLO, b'')

    def send(self, kind, body):
        self.xid += 1
        self.sock.sendall(struct.pack('!BBHI', OFP_VERSION, kind,
                                      8 + len(body), self.xid) + body)

    def take(self, n):
        while len(self.data) < n:
            data = self.sock.recv(1 << 16)
            if not data:
                raise ControlError('the bridge is gone')
            self.data += data
        taken, self.data = self.data[:n], self.data[n:]
        return taken

    def receive(self):
        """Returns the next message that is not about the connection itself,
        as (type, body)."""
        while True:
            _, kind, length, _ = struct.unpack('!BBHI', self.take(8))
            body = self.take(length - 8)
            if kind == ECHO:
                self.send(ECHO_REPLY, body)
            elif kind == ERROR:
                raise ControlError('OpenFlow error %s' % body[:4].hex())
            elif kind == MULTIPART_REPLY:
                return body

    def multipart(self, kind, body):
        self.send(MULTIPART, struct.pack('!HHI', kind, 0, 0) + body)
        whole = b''
        while True:
            part = self.receive()
            whole += part[8:]
            if not struct.unpack('!H', part[2:4])[0] & MORE:
                return whole

    def flows(self):
        """Returns a list of (table, priority, cookie, packets, bytes)."""
        data = self.multipart(MP_FLOW, struct.pack('!B3xII4xQQHH4x', 0xff,
                                                   ANY, ANY, 0, 0, 1, 4))
        flows = []
        at = 0
        while at < len(data):
            length, table, _, _, priority = struct.unpack(
                '!HBxIIH', data[at:at + 14])
            cookie, packets, n_bytes = struct.unpack(
                '!QQQ', data[at + 24:at + 48])
            flows.append((table, priority, cookie, packets, n_bytes))
            at += length
        return flows

    def tables(self):
        """Returns {table: (lookups, matched)} of the tables in use."""
        data = self.multipart(MP_TABLE, b'')
        tables = {}
        for at in range(0, len(data), 24):
            table, _, lookups, matched = struct.unpack('!B3xIQQ',
                                                       data[at:at + 24])
            if lookups:
                tables[table] = (lookups, matched)
        return tables

    def ports(self, number=ANY):
        """Returns {port: (rx packets, tx packets, rx bytes, tx bytes)}, of all
        ports or one."""
        data = self.multipart(MP_PORT, struct.pack('!I4x', number))
        ports = {}
        for at in range(0, len(data), 112):
            port, *counts = struct.unpack('!I4xQQQQ', data[at:at + 40])
            ports[port] = tuple(counts)
        return ports

    def received(self, number):
        """Returns how many packets a port has received."""
        return self.ports(number)[number][0]

    def groups(self):
        """Returns {group: (packets, bytes)}."""
        data = self.multipart(MP_GROUP, struct.pack('!I4x', ANY))
        groups = {}
        at = 0
        while at < len(data):
            length, group, packets, n_bytes = struct.unpack(
                '!H2xI4x4xQQ', data[at:at + 32])
            groups[group] = (packets, n_bytes)
            at += length
        return groups

    def close(self):
        self.sock.close()
