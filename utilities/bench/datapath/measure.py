# SPDX-License-Identifier: Apache-2.0

"""Cycles for each packet of one point, for all systems in turns.

All are there at the same time, and all but one are stopped: so they have the
same minutes, and what else the machine does meets all of them."""

import contextlib
import dataclasses
import os
import statistics
import time

import pcap
from ovs import hit_rate
from processes import Failure
from system import Wires
from traffic import Traffic

SETTLE = .2                     # Seconds for caches to be as they will be.


@dataclasses.dataclass
class Round:
    cycles: float               # For each packet that was sent.
    packets: int
    lost: float                 # The part of the packets that was not sent.
    waited: float               # The part of the time without the CPU.
    hits: float                 # The part of the packets, or None.
    tsc_hz: int


class Rounds(list):
    """Those of one system at one point."""

    def of(self, name):
        return [getattr(a_round, name) for a_round in self]

    def median(self, name):
        return statistics.median(self.of(name))


def measure_round(system, seconds):
    """The CPU is polling all the time, so all cycles are for the packets, but
    those in which others had it."""
    system.resume()
    try:
        time.sleep(SETTLE)
        nic = system.nic_counts()
        start, waited = time.monotonic(), system.waited()
        received, sent = system.received(), system.sent()
        time.sleep(seconds)
        elapsed = time.monotonic() - start
        waited = (system.waited() - waited) / 1e9
        received = system.received() - received
        sent = system.sent() - sent
        hits = hit_rate(nic, system.nic_counts()) if nic else None
    finally:
        system.pause()
    system.process.check()
    if not sent:
        raise Failure('no packet came out')
    hz = system.tsc_hz()
    return Round(cycles=(elapsed - waited) * hz / sent, packets=sent,
                 lost=max(1 - sent / max(received, 1), 0),
                 waited=waited / elapsed, hits=hits, tsc_hz=hz)


def measure(machine, classes, point, options, report):
    """Whoever fails is noted, and left out."""
    traffic = Traffic(point)
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(machine.new_directory())
        source = os.path.join(directory, 'in.pcap')
        pcap.write(source, traffic.frames)
        turns = []
        for kind in classes:
            system = kind(machine, os.path.join(directory, kind.title),
                          Wires(source), point)
            stack.callback(system.stop)
            with report.noting(system.title, point):
                system.start(traffic)
                system.pause()
                turns.append((system, Rounds()))
        for _ in range(options.rounds):
            # Nobody always comes after the same one.
            turns = turns[1:] + turns[:1]
            for system, rounds in turns:
                with report.noting(system.title, point):
                    rounds.append(measure_round(system, options.seconds))
    # In the order of 'classes' again.
    results = {system.title: rounds for system, rounds in turns if rounds}
    report.add(point, traffic.expected_hits(),
               {kind.title: results[kind.title] for kind in classes
                if kind.title in results})
