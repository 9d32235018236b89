# SPDX-License-Identifier: Apache-2.0

"""Runs case after case for a time, and tells what came of it."""

import json
import random
import shutil
import time

import compare
import coverage
import generate
import live
import runner

WORLD_CASES = 12                # Cases that share a world,
QUICK_WORLD_CASES = 3           # in a quick run, which is to see many worlds.
EXTRA = 8                       # Times a quick run may take longer.
STUMBLES = 0.03                 # Of all cases, see stumbles().
TRIES = 3
SHOWN = 12                      # Differences of a case that are shown.


def each(runners, work):
    """Returns {variant: work(runner)}, all done at once."""
    return dict(zip(runners, runner.at_once(
        *[lambda one=one: work(one) for one in runners.values()])))


def run_case(runners, failure, covered=None):
    """Runs a case; returns what is wrong, as a list of texts."""
    case = failure['case']
    if failure.get('live'):
        return live.run(runners, case, covered)
    if 'segments' in case:      # Stock OVS has none.
        runners = {variant: one for variant, one in runners.items()
                   if variant != 'stock'}
    seen = each(runners, lambda one: one.run(case))
    if covered:
        covered.add(case, seen)
    found = compare.compare(case, seen)
    failure['vouched'] = bool(found) and compare.vouched(case, seen)
    return found


def stop(runners):
    for one in runners.values():
        one.switch.stop()


def try_once(tools, directory, failure, variants):
    """Runs a case on switches that have seen no other."""
    shutil.rmtree(directory, ignore_errors=True)
    runners = runner.make_switches(tools, variants, directory,
                                   failure['world'])
    try:
        return run_case(runners, failure)
    finally:
        stop(runners)


def show(found):
    for text in found[:SHOWN]:
        print('  ' + text)
    if len(found) > SHOWN:
        print('  ... and %d more' % (len(found) - SHOWN))


class Session:
    def __init__(self, args, tools, directory):
        self.args = args
        self.tools = tools
        self.directory = directory
        self.cases = 0
        self.failed = 0
        self.stumbled = 0
        self.covered = coverage.Coverage()
        self.end = time.monotonic() + args.time

    def run(self):
        """Returns whether all is well."""
        world = self.args.first
        while not self.over():
            self.run_world(world)
            world += 1
        lacking = self.lacking()
        print('seed %d, worlds %d to %d: %d cases, %d failed' % (
            self.args.seed, self.args.first, world - 1, self.cases,
            self.failed))
        print(self.covered.summary())
        for text in lacking:
            print('too little: ' + text)
        return not self.failed and not lacking

    def lacking(self):
        """What the NIC has not handled often enough; nothing is demanded of
        cases with changes under traffic, each of which is short."""
        return [] if self.args.live else self.covered.lacking(self.args.time)

    def over(self):
        """Is it time to stop?  A quick run goes on until it proves something,
        but not for ever."""
        now = time.monotonic()
        return self.failed or now > self.end and not (
            self.args.quick and now < self.end + EXTRA * self.args.time
            and self.lacking())

    def run_world(self, number):
        name = '%d %d' % (self.args.seed, number)
        rng = random.Random(name)
        world = generate.random_world(rng, number)
        directory = '%s/%d' % (self.directory, number)
        variants = [variant for variant in self.args.variants
                    if not self.args.live or variant != 'stock']
        runners = runner.make_switches(self.tools, variants, directory, world)
        try:
            for _ in range(QUICK_WORLD_CASES if self.args.quick
                           else WORLD_CASES):
                if self.over() or not self.run_one(
                        runners, {'seed': name, 'world': world,
                                  'live': self.args.live,
                                  'case': self.random_case(rng, world)}):
                    break
        finally:
            stop(runners)
        if not self.failed and not self.args.keep:
            shutil.rmtree(directory)

    def random_case(self, rng, world):
        return (live.random_case if self.args.live
                else generate.random_case)(rng, world)

    def stumbles(self, failure, found):
        """Was it only OVS without offload that did something else than both
        others, and does it not always do so?

        OVS 3.1 may keep an action of a former step: dpif-netdev changes the
        flow that the key of the changed one finds (flow_put_on_pmd()), which
        is another one where two overlap.  So it gets switches that have seen
        no other case.  On a busy machine it may happen to these, too."""
        if all(try_once(self.tools, '%s/again%d' % (self.directory, number),
                        failure, self.args.variants)
               for number in range(TRIES)):
            return False
        self.stumbled += 1
        print('case %d of world %s: OVS without offload differs, but not '
              'always:' % (failure['number'], failure['seed']))
        show(found[:2])
        return self.stumbled <= max(2, STUMBLES * self.cases)

    def run_one(self, runners, failure):
        """Returns whether the switches are good for more cases."""
        failure['number'] = self.cases
        began = time.monotonic()
        found = run_case(runners, failure, self.covered)
        self.cases += 1
        if found and failure.pop('vouched', False) and self.stumbles(
                failure, found):
            return False
        if self.args.keep:
            print('case %d of world %s, %s: %.1f s' % (
                failure['number'], failure['seed'],
                failure["case"]["style"], time.monotonic() - began),
                flush=True)
        if not found:
            return True
        self.failed += 1
        print('case %d of world %s failed:' % (failure['number'],
                                               failure['seed']))
        show(found)
        with open(self.args.output, 'w') as file:
            json.dump(failure, file, indent=1)
        for variant, one in runners.items():
            with open('%s.%s' % (self.args.output, variant), 'w') as file:
                file.write(one.switch.knows())
        print('it is in %s, and what the switches knew beside it'
              % self.args.output)
        if self.args.shrink:
            import shrink
            shrink.shrink(self.tools, self.directory, failure,
                          self.args.variants, self.args.output)
        return False
