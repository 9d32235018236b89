# SPDX-License-Identifier: Apache-2.0

"""Captures what the systems send at one point, and compares it."""

import contextlib
import os

import pcap
import sample
from system import Wires
from traffic import Traffic


def check(machine, classes, point, report):
    """Of 'classes', those systems that look at packets."""
    point = point._replace(flows=min(point.flows, sample.FLOWS))
    traffic = Traffic(point)
    samples = {}
    with machine.new_directory() as directory:
        source = os.path.join(directory, 'in.pcap')
        pcap.write(source, traffic.frames)
        for kind in classes:
            frames = report.attempt(kind.title, point, capture, kind, machine,
                                    directory, source, point, traffic)
            if frames:
                samples[kind.title] = sample.Sample(traffic, frames)
    problems = {title: it.problems for title, it in samples.items()}
    if len(samples) == 2:
        problems['comparison'] = sample.compare(samples['ours'],
                                                samples['stock'])
    report.add_check(point, len(set(traffic.inner)), problems)


def capture(kind, machine, directory, source, point, traffic):
    """Returns frames that such a system sends when it knows all flows."""
    path = os.path.join(directory, kind.title + '.pcap')
    with contextlib.ExitStack() as stack:
        pipe = sample.Capture(path)
        stack.callback(pipe.close)
        system = kind(machine, os.path.join(directory, kind.title),
                      Wires(source, path), point)
        stack.callback(system.stop)
        system.start(traffic)
        return pipe.take(sample.TIMES * len(traffic.frames), system.process)
