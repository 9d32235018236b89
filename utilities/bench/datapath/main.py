# SPDX-License-Identifier: Apache-2.0

"""hwvxlan-bench datapath; see options.py for what it does."""

import itertools
import signal
import sys

import options as command_line
from callgrind import count
from check import check
from machine import Machine, make_directory
from measure import measure
from ovs import Ours, Stock
from processes import Failure, run as run_command
from report import Report
from testpmd import Testpmd
from traffic import Point

CLASSES = {kind.title: kind for kind in (Ours, Stock, Testpmd)}
REMEDIES = {
    'ours': 'ovs-vswitchd is not built; this does it: utilities/quickstart '
            'build',
    'stock': 'stock OVS with DPDK is not here; this brings it: apt-get '
             'install openvswitch-switch-dpdk',
    'testpmd': 'dpdk-testpmd is not here; this brings it: apt-get install '
               'dpdk-dev',
}
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def interrupted(number, _frame):
    """Cleans up, undisturbed."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    print('hwvxlan-bench: interrupted', file=sys.stderr)
    sys.exit(128 + number)


def find_systems(options, programs, report):
    """The classes of those that can be measured here."""
    found = []
    for title in options.systems:
        reason = why_not(title, getattr(programs, title))
        if reason:
            report.note('%s is not measured: %s' % (title, reason))
        else:
            found.append(CLASSES[title])
    return found


def why_not(title, program):
    if not program:
        return REMEDIES[title]
    if title != Testpmd.title:
        try:
            version = run_command([program, '--version'])
        except (Failure, OSError) as error:
            return str(error)
        if 'DPDK' not in version:
            return program + ' is one without DPDK'
    return None


def points(options):
    return itertools.starmap(Point, itertools.product(
        options.directions, options.flows, options.frames,
        options.distribution, options.miss))


def run(options, machine, report):
    systems = find_systems(options, machine.programs, report)
    if not systems:
        return
    switches = [kind for kind in systems if kind is not Testpmd]
    seen = set()
    for point in points(options):
        kind_of_packets = point._replace(flows=None)
        if switches and kind_of_packets not in seen:
            seen.add(kind_of_packets)
            check(machine, switches, point, report)
    for point in points(options):
        measure(machine, systems, point, options, report)
        if options.instructions:
            count(machine, systems, point, report)


def main():
    options = command_line.parse(sys.argv[1:])
    for each in SIGNALS:
        signal.signal(each, interrupted)
    report = Report(options)
    with make_directory() as directory:
        run(options, Machine(options, directory), report)
    report.finish()
    return 1 if report.wrong or not report.rows else 0


if __name__ == '__main__':
    sys.exit(main())
