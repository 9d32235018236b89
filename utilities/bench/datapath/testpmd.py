# SPDX-License-Identifier: Apache-2.0

"""DPDK's testpmd in io mode: each packet goes from one device to the next one
and nobody looks at it.  So this is what the wires themselves take."""

from processes import Process
from system import IDLE_DEVICE, System

# As many buffers, and as many for each thread, as OVS has.
BUFFERS, CACHE = 262144, 512
MAIN = 127                      # Number of the thread that does not poll.


class Testpmd(System):
    title = 'testpmd'
    thread_names = 'lcore-worker', 'rte-worker'

    def start(self, _traffic):
        machine = self.machine
        devices = [self.wires.source, self.wires.sink]
        if self.point.direction == 'switch':
            devices.append(IDLE_DEVICE)
        lcores = '%d@%d' % (MAIN, min(machine.others))
        for cpu in machine.cpus[:self.wires.queues]:
            lcores += ',%d@%d' % (cpu, cpu)
        command = [*self.prefix, machine.programs.testpmd,
                   *machine.eal_options(), '--log-level=lib.eal:debug',
                   '--lcores=' + lcores, '--main-lcore=%d' % MAIN]
        command += ['--vdev=' + device for device in devices]
        # Flushing would read for ever.
        command += ['--', '--forward-mode=io', '--port-topology=chained',
                    '--auto-start', '--no-flush-rx', '--no-mlockall',
                    '--no-lsc-interrupt', '--no-rmv-interrupt',
                    '--total-num-mbufs=%d' % BUFFERS, '--mbcache=%d' % CACHE]
        command += ['--%s=%d' % (name, self.wires.queues)
                    for name in ('rxq', 'txq', 'nb-cores')]
        self.process = Process(command, self.path('log'), machine.others,
                               self.env)
        self.connect()
