# SPDX-License-Identifier: Apache-2.0

"""What "hwvxlan-bench latency" found out: tables, notes, and a file."""

import statistics

from output import Output

LOADS = '%-9s %6s %5s %8s %-7s %7s %7s %7s %13s %6s %6s %9s'
LOAD_COLUMNS = ('direction', 'flows', 'frame', 'load', 'system', 'p50', 'p99',
                'p99.9', 'spread', 'lost', 'hits', 'disturbed')
NEW = '%-9s %6s %5s %-7s %9s %7s %13s %9s %13s'
NEW_COLUMNS = ('direction', 'flows', 'frame', 'system', 'new flows', 'first',
               'spread', 'until hit', 'spread')
# What is worth a note, in percent.
WAITED, NO_HITS = 5, .5


class LatencyReport(Output):
    def __init__(self, options):
        super().__init__(options.json)
        self.loads = []         # Rows.
        self.new = []

    def add(self, point, results):
        """'results': those of each system."""
        for title, result in results.items():
            key = {'system': title, 'direction': point.direction,
                   'flows': point.flows, 'frame': point.frame}
            for load, rounds in result.loads.items():
                row = {'measured': 'load', **key, 'load': load,
                       **load_row(rounds)}
                self.loads.append(row)
                self.note_doubts(row)
            if result.new:
                self.new.append({
                    'measured': 'new flows', **key,
                    'first': [it.first for it in result.new],
                    'until_hit': [it.until_hit for it in result.new]})

    def note_doubts(self, row):
        where = '%(direction)s, %(flows)d flows, %(system)s: ' % row
        if row['waited'] > WAITED:
            self.note(where + 'others had the CPU that polls for %.0f %% of '
                      'the time' % row['waited'])
        if row['hits'] is not None and row['hits'] < 100 - NO_HITS:
            self.note(where + 'only %.1f %% were hits' % row['hits'])

    def finish(self):
        if self.loads:
            self.say(LOADS % LOAD_COLUMNS)
        for row in self.loads:
            self.say(LOADS % (
                row['direction'], row['flows'], row['frame'], row['load'],
                row['system'], micro(row['p50']), micro(row['p99']),
                micro(row['p999']), spread(row['rounds']),
                '%.2f' % row['lost'],
                '-' if row['hits'] is None else '%.2f' % row['hits'],
                '%.2f' % row['disturbed']))
        if self.new:
            self.say(NEW % NEW_COLUMNS)
        for row in self.new:
            self.say(NEW % (
                row['direction'], row['flows'], row['frame'], row['system'],
                len(row['first']), *known(row['first']),
                *known(row['until_hit'])))
        self.rows = self.loads + self.new
        super().finish()


def load_row(rounds):
    def median(name):
        return statistics.median(a_round.window[name] for a_round in rounds)

    def total(name):
        return sum(a_round.window[name] for a_round in rounds)

    p999 = [a_round.window['p999'] for a_round in rounds]
    offered = total('sent') + total('unsent')
    return {
        **{name: median(name) for name in ('p50', 'p99', 'p999', 'max')},
        'spread': max(p999) - min(p999),
        'rounds': p999,
        'lost': 100 * max(1 - total('received') / offered, 0),
        'disturbed': 100 * total('disturbed') / total('received'),
        'hits': (None if rounds[0].hits is None else 100 * statistics.median(
            a_round.hits for a_round in rounds)),
        'waited': 100 * statistics.median(
            a_round.waited for a_round in rounds),
        'packets': total('received'),
    }


def micro(ns):
    return '%.1f' % (ns / 1000)


def spread(values):
    return micro(min(values)) + '-' + micro(max(values))


def known(values):
    """The median and the spread of those that are."""
    values = [value for value in values if value is not None]
    return ((micro(statistics.median(values)), spread(values)) if values
            else ('-', '-'))
