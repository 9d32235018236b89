# SPDX-License-Identifier: Apache-2.0

"""Makes a case that fails smaller, as long as it still fails.

This is delta debugging (Zeller and Hildebrandt, 2002) on lists: halves,
quarters and so on are left out, first of steps, then of frames, rules and what
else there is.  All tries are made by the same switches, which is fast.  But a
fault may outlive the case that made it: if the result does not fail on fresh
switches, all is done again with fresh ones for each try."""

import copy
import json
import time

import runner
import session

LIMIT = 900                     # Seconds, for each of both ways.
LISTS = ('rules', 'tunnels', 'settings', 'groups', 'meters')


class Shrinker:
    def __init__(self, tools, directory, variants, failure):
        self.tools = tools
        self.directory = directory + '/shrink'
        self.variants = variants
        self.best = failure
        self.tries = 0
        self.runners = None
        self.end = time.monotonic() + LIMIT

    def fails(self, failure):
        """Does a case fail?  One that cannot be run, as something is missing
        that something else needs, is of no use."""
        if time.monotonic() > self.end:
            return False
        self.tries += 1
        try:
            if not self.runners:
                return bool(session.try_once(self.tools, self.directory,
                                             failure, self.variants))
            return bool(session.run_case(self.runners, failure))
        except Exception:
            self.restart()
            return False

    def restart(self):
        """A switch that did not like a case may be in any state."""
        if self.runners:
            session.stop(self.runners)
            self.start()

    def start(self):
        self.runners = runner.make_switches(
            self.tools, self.variants,
            '%s.%d' % (self.directory, self.tries), self.best['world'])

    def reduce(self, get):
        """Leaves out what can be of the list that get(case) returns."""
        size = len(get(self.best['case']))
        while size:
            size = size // 2 if size > 1 else 0
            at = 0
            while at < len(get(self.best['case'])):
                trial = copy.deepcopy(self.best)
                del get(trial['case'])[at:at + max(size, 1)]
                if self.fails(trial):
                    self.best = trial
                else:
                    at += max(size, 1)

    def reduce_frames(self):
        for number in range(len(self.best['case']['steps'])):
            self.reduce(lambda case: case['steps'][number]['frames'])

    def run(self):
        self.reduce(lambda case: case['steps'])
        self.reduce_frames()
        for name in LISTS:
            self.reduce(lambda case: case[name])
        self.reduce_frames()


def shrink(tools, directory, failure, variants, output):
    """Writes the smallest case that fails to 'output'."""
    fresh = Shrinker(tools, directory, variants, failure)
    if not fresh.fails(failure):
        print('it does not fail each time on switches that have seen no other '
              'case; run its world again')
        return
    quick = Shrinker(tools, directory, variants, copy.deepcopy(failure))
    quick.start()
    try:
        quick.run()
    finally:
        session.stop(quick.runners)
    if not fresh.fails(quick.best):
        fresh.end = time.monotonic() + LIMIT
        fresh.run()
    else:
        fresh.best = quick.best
    with open(output, 'w') as file:
        json.dump(fresh.best, file, indent=1)
    case = fresh.best['case']
    print('shrunk in %d tries to %d rules, %d tunnels, %d frames; it is in '
          '%s' % (fresh.tries + quick.tries, len(case['rules']),
                  len(case['tunnels']),
                  sum(len(step['frames']) for step in case['steps']), output))
