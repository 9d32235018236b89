# SPDX-License-Identifier: Apache-2.0

"""How long packets of one point are on their way, for all systems in turns, as
in measure.py."""

import contextlib
import dataclasses
import os
import re
import time

import pcap
import traffic
from measure import SETTLE, Clock, prepare, take_turns
from ovs import Ours, Stock, hit_rate
from probe import ProbeWires
from processes import Failure

DRAIN = .02                     # Seconds for the last packets to come back.


class LatencyTraffic(traffic.Traffic):
    """With frames of flows that are new behind those of the load."""

    def __init__(self, point, n_new):
        super().__init__(point)
        self.n_load = len(self.frames)
        self.n_stations += n_new
        self.frames += [
            traffic.wire_frame(point.direction, flow, traffic.inner_frame(
                flow, point.frame, False))
            for flow in range(point.flows, self.n_stations)]


@dataclasses.dataclass
class Load:
    """What one round found out about one load."""
    window: dict                # See utilities/bench/probe/loop.h.
    waited: float               # The part of the time without the CPU.
    hits: float                 # The part of the packets, or None.


@dataclasses.dataclass
class New:
    """What it found out about one new flow, in nanoseconds."""
    first: int                  # None if the program was disturbed.
    until_hit: int              # None if there was none.


class Results:
    """Of one system at one point."""

    def __init__(self, loads):
        self.loads = {load: [] for load in loads}
        self.new = []


def measure(machine, classes, point, options, output):
    """Whoever fails is noted, and left out.  Returns the Results of the
    others, by title."""
    packets = LatencyTraffic(point, options.rounds * options.new_flows)
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(machine.new_directory())
        source = os.path.join(directory, 'in.pcap')
        pcap.write(source, packets.frames)
        turns = []
        for kind in classes:
            path = os.path.join(directory, kind.title)
            system = kind(machine, path, ProbeWires(
                machine, path + '.p', source, packets.n_load,
                kind.count_txq(machine)), point)
            stack.callback(system.stop)
            if output.attempt(system.title, point, prepare, system, packets):
                turns.append((system, Results(options.loads)))

        def one_round(number, system, results):
            first = packets.n_load + number * options.new_flows
            return output.attempt(
                system.title, point, measure_round, system, results, options,
                range(first, first + options.new_flows))

        return take_turns(turns, options.rounds, one_round)


def measure_round(system, results, options, frames):
    """'frames' are the numbers of those whose flows are new."""
    system.resume()
    try:
        for load, rounds in results.loads.items():
            rounds.append(measure_load(system, load, options.seconds))
        system.wires.load(0)
        time.sleep(DRAIN)
        if isinstance(system, (Ours, Stock)):
            results.new += [measure_new(system, frame) for frame in frames]
    finally:
        system.pause()
    system.process.check()
    return True


def measure_load(system, load, seconds):
    system.wires.load(load)
    time.sleep(SETTLE)
    nic = system.nic_counts()
    clock = Clock(system)
    window = system.wires.window(seconds)
    ran, waited = clock.read()
    if window['received'] <= window['disturbed']:
        raise Failure('no packet came back undisturbed')
    return Load(window, waited / (ran + waited),
                hit_rate(nic, system.nic_counts()) if nic else None)


def slow_packets(system):
    """How many packets were not hits so far."""
    if isinstance(system, Ours):
        return system.nic_counts()[1]
    stats = system.control.ask('dpif-netdev/pmd-stats-show')
    return sum(map(int, re.findall(
        r'miss with (?:success|failed) upcall: (\d+)', stats)))


def measure_new(system, frame):
    """The packets of the train up to the first hit were not hits."""
    before = slow_packets(system)
    train = system.wires.train(frame)
    time.sleep(DRAIN)
    n_slow = slow_packets(system) - before
    if not 0 < n_slow <= train['sent']:
        raise Failure('%d of the %d packets of a new flow were not hits'
                      % (n_slow, train['sent']))
    return New(train['first'] or None,
               system.wires.sent_at(n_slow)
               if n_slow < train['length'] else None)
