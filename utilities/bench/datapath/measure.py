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
LONGEST = 5                     # Times as long as wanted may a round be.
ALONE = .001                    # Waiting less is nothing.


@dataclasses.dataclass
class Round:
    cycles: float               # For each packet that was sent.
    packets: int
    lost: float                 # The part of the packets that was not sent.
    waited: float               # The part of the time without the CPU.
    hits: float                 # The part of the packets, or None.
    tsc_hz: int
    threads: int


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
        clock = Clock(system)
        received, sent = system.received(), system.sent()
        ran, waited = clock.let_run(seconds)
        received = system.received() - received
        sent = system.sent() - sent
        hits = hit_rate(nic, system.nic_counts()) if nic else None
    finally:
        system.pause()
    system.process.check()
    if not sent:
        raise Failure('no packet came out')
    hz = system.tsc_hz()
    return Round(cycles=ran * hz * len(system.threads) / sent, packets=sent,
                 lost=max(1 - sent / max(received, 1), 0),
                 waited=waited / (ran + waited), hits=hits, tsc_hz=hz,
                 threads=len(system.threads))


class Clock:
    """How long a system has run."""

    def __init__(self, system):
        self.system = system
        self.start = time.monotonic()
        self.schedule = system.schedule()

    def read(self):
        """Returns for how long it ran and waited.  The kernel brings its
        figure up to date when somebody else gets the CPU, and a few hundred
        times a second, or seldom, where nobody else does: then it is the time
        that has passed."""
        passed = time.monotonic() - self.start
        ran, waited = (now - then for now, then in zip(
            self.system.schedule(), self.schedule))
        return (ran, waited) if waited > ALONE * passed else (passed, 0)

    def let_run(self, seconds):
        """Until it had its CPU for so long, but not for ever."""
        end = self.start + LONGEST * seconds
        time.sleep(seconds)
        while True:
            ran, waited = self.read()
            if ran >= seconds or time.monotonic() > end:
                return ran, waited
            time.sleep(max(seconds - ran, .01))


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
                          Wires(source, queues=options.threads), point)
            stack.callback(system.stop)
            if report.attempt(system.title, point, prepare, system, traffic):
                turns.append((system, Rounds()))

        def one_round(_number, system, rounds):
            a_round = report.attempt(system.title, point, measure_round,
                                     system, options.seconds)
            if a_round:
                rounds.append(a_round)
            return a_round

        results = take_turns(turns, options.rounds, one_round)
    report.add(point, traffic.expected_hits(), results)


def take_turns(turns, n_rounds, action):
    """Calls action(round, system, results) for each of 'turns', (system,
    results), in each round.  Whoever's returns nothing has no more turns.
    Returns {title: results} of the others."""
    queue = list(turns)
    for number in range(n_rounds):
        # Nobody always comes after the same one.
        queue = queue[1:] + queue[:1]
        queue = [turn for turn in queue if action(number, *turn)]
    return {system.title: results for system, results in turns
            if (system, results) in queue}


def prepare(system, traffic):
    system.start(traffic)
    system.pause()
    return True
