#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Lets a hw-vxlan port receive frames, one by one, and tells what became of
each.

usage: hwv-probe.py [-f] PORT < FRAMES

FRAMES are lines "LABEL: HEX".  For each, "LABEL: COUNTER -> WHERE: FRAME..." is
printed: the counters of the port that grew and what went out by which port.
Frames that the file "hwv-names" tells the name of, in lines "HEX NAME", are
printed by name.  VXLAN packets are printed as hwv-frames.py does, each by
itself: the UDP source port is "s1".

With -f, frames that went out before and that no test has seen are forgotten
first."""

import glob
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys
import time


def load_frames():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        'hwv-frames.py')
    loader = importlib.machinery.SourceFileLoader('hwv_frames', path)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


FRAMES = load_frames()
TIMEOUT = float(os.environ.get('OVS_CTL_TIMEOUT', 30))
COUNTER = re.compile(r'\b(rx_(?:hits|(?:miss|drop)_[a-z_]+))=(\d+)')


def run(*args):
    return subprocess.check_output(args, text=True)


def wait(condition, what):
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            sys.exit('hwv-probe.py: waited too long for %s' % what)
        time.sleep(0.01)


def counters(bridge, port):
    """Of packets received; their sum is the number of packets received."""
    text = run('ovs-ofctl', '-O', 'OpenFlow14', 'dump-ports', bridge, port)
    return {name: int(value) for name, value in COUNTER.findall(text)}


def iterations():
    """How often each PMD thread has polled its ports."""
    text = run('ovs-appctl', 'dpif-netdev/pmd-perf-show')
    return [int(n) for n in re.findall(r'^ *Iterations: *(\d+)', text, re.M)]


def settle():
    """Waits until each PMD thread has ended two more rounds of polling."""
    old = iterations()
    wait(lambda: all(b >= a + 2 for a, b in zip(old, iterations())),
         'PMD threads')


def name(frame, names):
    """The name of 'frame', either as it is or as it is shown."""
    shown = FRAMES.show(frame, {})
    return names.get(frame.hex(), names.get(shown, shown))


def load_names():
    names = {}
    if os.path.exists('hwv-names'):
        with open('hwv-names') as f:
            names = dict(line.split() for line in f)
    return names


class Pcap:
    """What a port sends."""

    def __init__(self, path):
        self.path = path
        self.port = path[:-len('-tx.pcap')]
        self.seen_path = path[:-len('.pcap')] + '.seen'

    def new(self):
        """The frames that no test has seen yet."""
        seen = 0
        if os.path.exists(self.seen_path):
            with open(self.seen_path) as f:
                seen = int(f.read())
        frames = list(FRAMES.read_pcap(self.path))
        with open(self.seen_path, 'w') as f:
            print(len(frames), file=f)
        return frames[seen:]


def new_frames():
    """What went out, as (port, frame), and that no test has seen yet."""
    return [(pcap.port, frame) for path in sorted(glob.glob('*-tx.pcap'))
            for pcap in [Pcap(path)] for frame in pcap.new()]


def probe(bridge, port, frame):
    """Returns the names of the counters that grew and what came out."""
    old = counters(bridge, port)
    run('ovs-appctl', 'netdev-dummy/receive', port + '.wire', frame)
    wait(lambda: sum(counters(bridge, port).values()) > sum(old.values()),
         'the packet to be counted')
    settle()
    new = counters(bridge, port)
    return ([name for name in sorted(new) if new[name] != old[name]],
            new_frames())


def main(args):
    if args[0] == '-f':
        new_frames()
    port = args[-1]
    bridge = run('ovs-vsctl', 'iface-to-br', port).strip()
    names = load_names()
    for line in sys.stdin:
        label, frame = line.rsplit(': ', 1)
        grown, outs = probe(bridge, port, frame.strip())
        print('%s: %s ->%s' % (label, ' '.join(grown), ','.join(
            ' %s: %s' % (to, name(out, names)) for to, out in outs)))


if __name__ == '__main__':
    main(sys.argv[1:])
