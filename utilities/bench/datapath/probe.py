# SPDX-License-Identifier: Apache-2.0

"""Wires whose other ends are in a program of ours, which knows how long each
packet was on its way: DPDK's shared memory interface, net_memif, which needs
neither root nor the kernel."""

import os
import time

from processes import Process, wait
from system import START, Telemetry

LEARNING_LOAD = 100000          # Packets a second, until flows are there.
MEMORY = 256                    # MB.
MAIN = 127                      # Number of the thread.
PATIENCE = 5                    # Seconds, for a train.


def device(name, role, path):
    return '%s,role=%s,socket=%s,socket-abstract=no' % (name, role, path)


class ProbeWires:
    """The same as system.Wires.  The first 'n_load' of the frames in the pcap
    file 'source' are what comes in, until somebody else says something
    else."""

    queues = 1
    source_name, sink_name = 'net_memif_in', 'net_memif_out'

    def __init__(self, machine, directory, source, n_load, n_txq):
        """'directory' does not exist yet, and 'n_txq' is how many queues the
        system sends on."""
        os.mkdir(directory)
        self.machine = machine
        self.directory = directory
        self.frames = [source, str(n_load), str(n_txq)]
        self.source = device(self.source_name, 'server', self.path('in'))
        self.sink = device(self.sink_name, 'server', self.path('out'))
        self.process = None
        self.telemetry = None

    def path(self, name):
        return os.path.join(self.directory, name)

    def connect(self):
        machine = self.machine
        command = [machine.programs.probe, *machine.eal_options(MEMORY),
                   '--lcores=%d@%d' % (MAIN, min(machine.others)),
                   '--vdev=' + device('net_memif_tx', 'client',
                                      self.path('in')),
                   '--vdev=' + device('net_memif_rx', 'client',
                                      self.path('out')),
                   '--', *self.frames]
        self.process = Process(command, self.path('log'), machine.others,
                               {'RUNTIME_DIRECTORY': self.directory})
        path = self.path('dpdk/rte/dpdk_telemetry.v2')
        wait('the probe', lambda: os.path.exists(path), START, self.process)
        self.telemetry = Telemetry(path, START, self.process)
        # There are no commands before its wires are connected.
        wait('the wires', lambda: self.ask('load', LEARNING_LOAD), START,
             self.process)

    def ask(self, command, parameter=None):
        self.process.check()
        return self.telemetry.ask('/probe/' + command, parameter)

    def load(self, pps):
        self.ask('load', pps)

    def window(self, seconds):
        """What happened to the load in such a time."""
        self.ask('window')
        time.sleep(seconds)
        return self.ask('read')

    def train(self, frame):
        """What happened to many packets of that frame."""
        self.ask('train', frame)
        return wait('the end of a train', self.read_train, PATIENCE,
                    self.process)

    def read_train(self):
        train = self.ask('train_read')
        return (train if train['sent'] + train['unsent'] == train['length']
                else None)

    def sent_at(self, i):
        return self.ask('sent_at', i)['ns']

    def pause(self):
        if self.process:
            self.process.pause()

    def resume(self):
        if self.process:
            self.process.resume()

    def close(self):
        if self.telemetry:
            self.telemetry.close()
        if self.process:
            self.process.end()
