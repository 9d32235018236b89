# SPDX-License-Identifier: Apache-2.0

"""What the benchmarks' command lines have in common."""

import argparse
import os
import sys

from machine import is_program

SYSTEMS = ('ours', 'stock', 'testpmd')


def fail(message):
    print('hwvxlan-bench: ' + message, file=sys.stderr)
    sys.exit(1)


class Parser(argparse.ArgumentParser):
    """Of "hwvxlan-bench COMMAND", with messages as those of the other
    commands."""

    def __init__(self, command, text):
        super().__init__(prog='hwvxlan-bench', allow_abbrev=False)
        self.text = text
        self.see_help = 'see hwvxlan-bench %s --help' % command

    def add_machine(self):
        """Options about where it runs."""
        add = self.add_argument
        add('--cpu', type=number(0, 1023))
        add('--memory', type=number(1024, 65536), default=2048)
        add('--hugepages', action='store_true')
        add('--json')
        add('--ovs-vswitchd', type=program)
        add('--stock', type=program)
        add('--testpmd', type=program)

    def error(self, message):
        if message.startswith('unrecognized arguments: '):
            word = message.split(': ', 1)[1].split()[0]
            message = ('%s is no option; ' % word + self.see_help
                       if word.startswith('-') else
                       '"%s" is not an option; ' % word + self.see_help)
        elif message.endswith('expected one argument'):
            message = '%s needs a value; ' % message.split()[1].rstrip(':')
            message += self.see_help
        elif 'ignored explicit argument' in message:
            message = '%s takes no value; ' % message.split()[1].rstrip(':')
            message += self.see_help
        fail(message.removeprefix('argument '))

    def format_help(self):
        return self.text


def number(least, most, kind=int):
    """Parses a number of that kind in that range."""
    what = 'an integer' if kind is int else 'a number'

    def parse(text):
        try:
            # Only what is written as one: no sign, no "nan", no "1_0".
            if not set(text) <= set('0123456789.'):
                raise ValueError
            value = kind(text)
            if not least <= value <= most:
                raise ValueError
        except ValueError:
            raise argparse.ArgumentTypeError(
                '"%s" is not %s from %s to %s' % (text, what, least, most)
            ) from None
        return value
    return parse


def name(known):
    def parse(text):
        if text not in known:
            raise argparse.ArgumentTypeError(
                'there is no "%s", only %s' % (text, ', '.join(known)))
        return text
    return parse


def several(parse):
    """Parses words with commas between them, each of which counts once."""
    return lambda text: list(dict.fromkeys(map(parse, text.split(','))))


def program(text):
    if not is_program(text):
        raise argparse.ArgumentTypeError('there is no program ' + text)
    return os.path.realpath(text)


def choose_cpus(wanted, n):
    cpus = os.sched_getaffinity(0)
    if wanted is not None and wanted not in cpus:
        fail('--cpu: there is no CPU %d for us, only %s'
             % (wanted, ', '.join(map(str, sorted(cpus)))))
    if len(cpus) < 2:
        fail('two CPUs are needed, one of which does nothing but poll, and '
             'there is only one')
    if n > len(cpus):
        fail('--threads: there are only %d CPUs for us' % len(cpus))
    return sorted(cpus, key=lambda cpu: (cpu == wanted, cpu))[-n:]
