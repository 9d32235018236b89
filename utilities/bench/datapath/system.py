# SPDX-License-Identifier: Apache-2.0

"""What the systems under test have in common: DPDK.

A system forwards what comes from the device IN to the device OUT, on one CPU.
Its packets are counted by the devices, and read over DPDK's telemetry socket,
in the same way for all systems."""

import json
import os
import re
import socket
import statistics

from processes import Failure, wait

IN, OUT, IDLE = 'net_pcap_in', 'net_null_out', 'net_null_idle'
CAPTURE = 'net_pcap_out'        # In place of OUT.
IDLE_DEVICE = IDLE + ',no-rx=1'
START = 60                      # Seconds.
TELEMETRY_REPLY = 1 << 16


class Wires:
    """The devices: frames from the pcap file 'source' for ever, in each of so
    many queues, to nowhere, or into the pcap file 'capture'."""

    def __init__(self, source, capture=None, queues=1):
        self.queues = queues
        self.source_name = IN
        self.source = IN + queues * (',rx_pcap=' + source) + ',infinite_rx=1'
        self.sink_name = CAPTURE if capture else OUT
        self.sink = ('%s,tx_pcap=%s' % (CAPTURE, capture) if capture
                     else OUT + ',no-rx=1')

    # What has to be done at the other end.

    def connect(self):
        pass

    def pause(self):
        pass

    def resume(self):
        pass

    def close(self):
        pass


class Telemetry:
    """Asks 'process', whose socket has that path."""

    def __init__(self, path, patience, process):
        self.process = process
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(patience)
        self.socket.connect(path)
        self.socket.recv(TELEMETRY_REPLY)
        self.ids = {self.ask('/ethdev/info', number)['name']: number
                    for number in self.ask('/ethdev/list')}

    def ask(self, command, parameter=None):
        request = (command if parameter is None
                   else '%s,%d' % (command, parameter))
        try:
            self.socket.send(request.encode())
            reply = json.loads(self.socket.recv(TELEMETRY_REPLY))
        except (OSError, ValueError):
            self.process.check_soon()
            raise
        return next(iter(reply.values()))

    def packets(self, device, counter):
        """There are no counters before the device is started."""
        counters = self.ask('/ethdev/stats', self.ids[device])
        return counters[counter] if counters else 0

    def close(self):
        self.socket.close()


class System:
    """Subclasses start self.process, with self.env in its environment, so that
    DPDK's files are in our directory, and connect()."""

    title = None
    thread_names = ()           # How those of threads that poll begin.

    def __init__(self, machine, directory, wires, point):
        self.machine = machine
        self.directory = directory
        self.wires = wires
        self.point = point
        self.env = {'RUNTIME_DIRECTORY': directory}
        self.process = None
        self.telemetry = None
        self.threads = []       # That poll.
        self.prefix = []        # In front of the command.
        self.patience = START   # Until it has started, or answers.
        os.mkdir(directory)

    @staticmethod
    def count_txq(machine):
        """How many queues it has to send on."""
        return len(machine.cpus)

    def path(self, name):
        return os.path.join(self.directory, name)

    def eal_log(self):
        """Where DPDK says what it does."""
        return self.process.output()

    def connect(self):
        """Waits until the system polls its devices."""
        path = self.path('dpdk/rte/dpdk_telemetry.v2')
        wait('DPDK', lambda: os.path.exists(path), self.patience, self.process)
        self.threads = [
            wait('a thread on CPU %d' % cpu,
                 lambda cpu=cpu: self.process.thread_on(
                     cpu, self.thread_names), self.patience, self.process)
            for cpu in self.machine.cpus[:self.wires.queues]]
        self.telemetry = Telemetry(path, self.patience, self.process)
        for device in self.wires.source_name, self.wires.sink_name:
            if device not in self.telemetry.ids:
                raise Failure('DPDK has not made %s' % device)
        self.wires.connect()
        wait('packets', lambda: self.sent() > 0, self.patience, self.process)

    def tsc_hz(self):
        match = re.search(r'TSC frequency is ~(\d+) KHz', self.eal_log())
        if not match:
            raise Failure('DPDK does not say the frequency of the TSC')
        return int(match.group(1)) * 1000

    def received(self):
        return self.telemetry.packets(self.wires.source_name, 'ipackets')

    def sent(self):
        return self.telemetry.packets(self.wires.sink_name, 'opackets')

    def schedule(self):
        """For how many seconds the threads that poll have run, and for how
        many they were ready to and others had their CPUs: the mean."""
        times = zip(*map(self.process.schedule, self.threads))
        return [statistics.mean(each) for each in times]

    def nic_counts(self):
        """Hits and misses of the NIC, if the system has one."""
        return None

    def start(self, traffic):
        """Until it is at work, and remembers about the traffic what it can."""
        raise NotImplementedError

    def pause(self):
        self.process.pause()
        self.wires.pause()

    def resume(self):
        self.process.resume()
        self.wires.resume()

    def stop(self):
        self.wires.close()
        if self.telemetry:
            self.telemetry.close()
        if self.process:
            self.process.end()
