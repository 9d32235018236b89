# SPDX-License-Identifier: Apache-2.0

"""Makes a case that fails smaller, as long as it still fails.

This is delta debugging (Zeller and Hildebrandt, 2002) on lists: halves,
quarters and so on are left out, first of steps, then of frames, rules and
tunnels.  Switches are started afresh only when the case has stopped to fail
with the old ones, as a fault may outlive the case."""

import copy
import json
import time

import session

LIMIT = 600                     # Seconds.


class Shrinker:
    def __init__(self, tools, directory, variants, failure):
        self.tools = tools
        self.directory = directory
        self.variants = variants
        self.best = failure
        self.tries = 0
        self.end = time.monotonic() + LIMIT

    def fails(self, failure):
        if time.monotonic() > self.end:
            return False
        self.tries += 1
        try:
            return bool(session.try_once(self.tools,
                                         self.directory + '/shrink',
                                         failure, self.variants))
        except Exception as error:
            print('  (%s)' % str(error)[:200])
            return False

    def reduce(self, get):
        """Leaves out what can be of the list that get(failure) returns."""
        size = len(get(self.best))
        while size:
            size = (size + 1) // 2
            at = 0
            while at < len(get(self.best)):
                trial = copy.deepcopy(self.best)
                del get(trial)[at:at + size]
                if self.fails(trial):
                    self.best = trial
                else:
                    at += size
            if size == 1:
                break

    def run(self):
        case = self.best['case']
        self.reduce(lambda failure: failure['case']['steps'])
        for number in range(len(self.best['case']['steps'])):
            self.reduce(lambda failure: failure['case']['steps'][number][
                'frames'])
        for name in 'rules', 'tunnels', 'settings', 'groups', 'meters':
            if case.get(name):
                self.reduce(lambda failure: failure['case'][name])
        for number in range(len(self.best['case']['steps'])):
            self.reduce(lambda failure: failure['case']['steps'][number][
                'frames'])


def shrink(tools, directory, failure, variants, output):
    shrinker = Shrinker(tools, directory, variants, failure)
    if not shrinker.fails(failure):
        print('it does not fail on switches that have seen no other case; '
              'run the world again')
        return
    shrinker.run()
    with open(output, 'w') as file:
        json.dump(shrinker.best, file, indent=1)
    case = shrinker.best['case']
    print('shrunk in %d tries to %d rules, %d tunnels, %d frames; it is in '
          '%s' % (shrinker.tries, len(case['rules']), len(case['tunnels']),
                  sum(len(step['frames']) for step in case['steps']), output))
