# SPDX-License-Identifier: Apache-2.0

"""hwvxlan-bench datapath; see options.py for what it does."""

import itertools
import sys

import interrupt
import options as command_line
from callgrind import count
from check import check
from machine import Machine, make_directory
from measure import measure
from report import Report
from systems import find_systems
from testpmd import Testpmd
from traffic import Point


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
    interrupt.catch()
    report = Report(options)
    with make_directory() as directory:
        run(options, Machine(options, directory), report)
    report.finish()
    return 1 if report.wrong or not report.rows else 0


if __name__ == '__main__':
    sys.exit(main())
