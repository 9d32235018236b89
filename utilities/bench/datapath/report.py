# SPDX-License-Identifier: Apache-2.0

"""What was found out: a table, notes, and the files that were asked for."""

import subprocess

import traffic
from arguments import fail
from output import Output

FLOOR = 'testpmd'
LINE = '%-9s %6s %5s %-7s %4s %-7s %7s %7s %11s %6s'
COLUMNS = ('direction', 'flows', 'frame', 'packets', 'miss', 'system',
           'cycles', 'net', 'spread', 'hits')
# What is worth a note, as parts of the packets or of the time.
LOST, WAITED, NO_HITS = .01, .2, .005
LITTLE = .01                    # Of the instructions.
MARGIN = 1.5                    # Beside the lines, as a factor of flows.


class Report(Output):
    def __init__(self, options):
        super().__init__(options.json)
        self.options = options
        self.wrong = False
        self.shows_table = False

    def add_check(self, point, frames, problems):
        """'problems': sentences about each system, and about both."""
        where = str(point)
        for title, sentences in problems.items():
            if sentences:
                self.wrong = True
                self.note('%s, %s: WRONG, %d times, first: %s' % (
                    where, title, len(sentences), sentences[0]))
        if any(problems.values()) or not problems:
            return
        self.say('%s: %d frames are %s' % (
            where, frames, 'the same with ours and stock'
            if 'comparison' in problems else 'right with '
            + ' and '.join(problems)))

    def add(self, point, expected_hits, results):
        """'results': the Rounds of each system."""
        if results and not self.shows_table:
            self.say(LINE % COLUMNS)
            self.shows_table = True
        floor = results.get(FLOOR)
        for title, rounds in results.items():
            row = make_row(point, title, rounds,
                           None if title == FLOOR else floor)
            self.rows.append(row)
            self.say(format_row(row, rounds))
            self.note_doubts(point, title, row, expected_hits)

    def add_instructions(self, point, counts):
        """'counts': for each system, {function: instructions}."""
        for title, functions in counts.items():
            total = sum(functions.values())
            for row in self.rows:
                if row['system'] == title and point == traffic.Point(
                        *(row[name] for name in point._fields)):
                    row.update(instructions=total, functions=functions)
            self.say('%s, %s: %.0f instructions, of which' % (
                str(point), title, total))
            for name, number in sorted(functions.items(),
                                       key=lambda pair: -pair[1]):
                if number >= LITTLE * total:
                    self.say('%9.1f %s' % (number, name))

    def note_doubts(self, point, title, row, expected_hits):
        where = '%s, %s: ' % (str(point), title)
        if row['lost'] > 100 * LOST:
            self.note(where + '%.1f %% of the packets were lost'
                      % row['lost'])
        if (row['hits'] is not None
                and row['hits'] < 100 * (expected_hits - NO_HITS)):
            self.note(where + 'only %.1f %% were hits, not %.1f %%'
                      % (row['hits'], 100 * expected_hits))

    def finish(self):
        waited = max((row['waited'] for row in self.rows), default=0)
        if waited > 100 * WAITED:
            self.note('others had the CPU for up to %.0f %% of the time, '
                      'which does not count, but had its caches, too'
                      % waited)
        super().finish()
        if self.options.plot and self.rows:
            done = subprocess.run(
                ['gnuplot'], input=plot(self.rows, self.options.plot),
                text=True, check=False)
            if done.returncode:
                fail('--plot: gnuplot could not draw ' + self.options.plot)


def make_row(point, title, rounds, floor):
    cycles = rounds.of('cycles')
    hits = None if rounds[0].hits is None else 100 * rounds.median('hits')
    return {
        'system': title, **point._asdict(),
        'threads': rounds[0].threads,
        'cycles': rounds.median('cycles'),
        'net': floor and rounds.median('cycles') - floor.median('cycles'),
        'spread': max(cycles) - min(cycles),
        'rounds': cycles,
        'hits': hits,
        'lost': 100 * rounds.median('lost'),
        'waited': 100 * rounds.median('waited'),
        'packets': sum(rounds.of('packets')),
        'tsc_hz': rounds[0].tsc_hz,
    }


def format_row(row, rounds):
    cycles = rounds.of('cycles')
    return LINE % (
        row['direction'], row['flows'], row['frame'], row['distribution'],
        '%g' % row['miss'], row['system'], '%.1f' % row['cycles'],
        '-' if row['net'] is None else '%.1f' % row['net'],
        '%.0f-%.0f' % (min(cycles), max(cycles)),
        '-' if row['hits'] is None else '%.2f' % row['hits'])


def plot(rows, path):
    """What gnuplot is to do: a panel for each kind of packets, with cycles
    over flows, and a line for each system."""
    panels = {}
    for row in rows:
        panel = (row['direction'], row['frame'], row['distribution'],
                 row['miss'])
        lines = panels.setdefault(panel, {})
        lines.setdefault(row['system'], []).append(row)
    flows = [row['flows'] for row in rows]
    columns = 1
    while columns ** 2 < len(panels):
        columns += 1
    height = -(-len(panels) // columns)
    script = [
        'set terminal %s size %d,%d' % (
            'svg' if path.endswith('.svg') else 'png', 500 * columns,
            400 * height),
        'set output "%s"' % path, 'set logscale x', 'set yrange [0:]',
        'set xrange [%f:%f]' % (min(flows) / MARGIN, max(flows) * MARGIN),
        'set xlabel "flows"', 'set ylabel "cycles for a packet"',
        'set key top left',
        'set multiplot layout %d,%d' % (height, columns)]
    for panel, lines in panels.items():
        script.append('set title "%s, frame %s, %s, miss %g %%"' % panel)
        script.append('plot ' + ', '.join(
            '"-" with yerrorlines title "%s"' % title for title in lines))
        for points in lines.values():
            script += ['%d %f %f %f' % (row['flows'], row['cycles'],
                                        min(row['rounds']),
                                        max(row['rounds']))
                       for row in points] + ['e']
    return '\n'.join(script + ['unset multiplot', ''])
