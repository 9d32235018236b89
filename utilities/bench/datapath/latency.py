# SPDX-License-Identifier: Apache-2.0

"""hwvxlan-bench latency; see latency_options.py for what it does."""

import itertools
import sys

import interrupt
import latency_options
from latency_measure import measure
from latency_report import LatencyReport
from machine import Machine, make_directory
from systems import find_systems
from traffic import Point


def run(options, machine, report):
    systems = find_systems(options, machine.programs, report)
    if not systems:
        return
    for direction, flows, frame in itertools.product(
            options.directions, options.flows, options.frames):
        point = Point(direction, flows, frame, 'uniform', 0)
        report.add(point, measure(machine, systems, point, options, report))


def main():
    options = latency_options.parse(sys.argv[1:])
    interrupt.catch()
    report = LatencyReport(options)
    with make_directory() as directory:
        run(options, Machine(options, directory), report)
    report.finish()
    return 0 if report.rows else 1


if __name__ == '__main__':
    sys.exit(main())
