# SPDX-License-Identifier: Apache-2.0

"""Instructions for each packet, by valgrind's callgrind.

The system runs under it until all flows are there, and goes on for a while.
What is counted is the thread that polls in that while, so what it took to come
there is not part of it.  Valgrind has no AVX-512: the vector code is that for
AVX2."""

import collections
import contextlib
import glob
import os
import re
import time

import pcap
from processes import Failure, run
from system import Wires
from traffic import Traffic

PATIENCE = 10                   # Times as long as usual does all take.
LENGTH = 20                     # Seconds.
# Of the format: "fn=(ID) NAME", and "fn=(ID)" from then on.
NAME = re.compile(r'(c?(?:fn|ob))=\((\d+)\)(?: (.*))?')


def count(machine, classes, point, report):
    """Whoever fails is noted, and left out."""
    traffic = Traffic(point)
    counts = {}
    with machine.new_directory() as directory:
        source = os.path.join(directory, 'in.pcap')
        pcap.write(source, traffic.frames)
        for kind in classes:
            functions = report.attempt(
                kind.title, point, count_one, kind(
                    machine, os.path.join(directory, kind.title),
                    Wires(source), point), traffic)
            if functions:
                counts[kind.title] = functions
    report.add_instructions(point, counts)


def count_one(system, traffic):
    """Returns {function: instructions for each packet}."""
    path = system.path('callgrind')
    system.patience *= PATIENCE
    system.prefix = ['valgrind', '--tool=callgrind', '--fair-sched=yes',
                     '--separate-threads=yes', '--vgdb-prefix=' + path,
                     '--callgrind-out-file=' + path]
    with contextlib.ExitStack() as stack:
        stack.callback(system.stop)
        system.start(traffic)
        before = dump(system, path)
        time.sleep(LENGTH)
        sent = dump(system, path) - before
    if not sent:
        raise Failure('no packet came out')
    return {name: cost / sent
            for name, cost in polling_thread(path + '.2-*').items()}


def dump(system, path):
    """Has what is counted written, and begun anew.  Returns the number of
    packets that have been sent."""
    run(['vgdb', '--vgdb-prefix=' + path,
         '--pid=%d' % system.process.popen.pid, 'dump'], system.patience)
    return system.sent()


def polling_thread(pattern):
    """Of one dump, with a file for each thread: the one with the most."""
    return max(map(read, glob.glob(pattern)),
               key=lambda costs: sum(costs.values()))


def read(path):
    """Returns {function: instructions} of such a file.  A function without a
    name is called after its library."""
    names = {'fn': {}, 'ob': {}}
    costs = collections.Counter()
    function = library = None
    inclusive = False
    with open(path, encoding='utf-8', errors='replace') as file:
        for line in file:
            match = NAME.match(line)
            if match:
                kind, number, name = match.groups()
                name = names[kind[-2:]].setdefault(number, name)
                if kind == 'fn':
                    function = name
                elif kind == 'ob':
                    library = os.path.basename(name)
            elif line.startswith('calls='):
                inclusive = True        # The next line is the callee's.
            elif line[0].isdigit() or line[0] in '+-*':
                if not inclusive:
                    costs[library if function.startswith('0x')
                          else function] += int(line.split()[1])
                inclusive = False
    return costs
