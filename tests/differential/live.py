# SPDX-License-Identifier: Apache-2.0

"""Changes something while there is traffic.

What is right then cannot be said frame by frame, but this must hold whatever
the NIC and OVS's threads do at the same time:

* A frame leaves as it would before the change or as it would after it, with
  all its copies, and not as a mixture.  Both are found out beforehand, by a
  switch with offload off that stands still.  Frames that OVS says in its own
  counters (datapath_drop_*) to have dropped are let off, and those that the
  NIC has dropped on their way to a VTEP that is withdrawn.
* Once a frame has gone the new way, those after it that are alike do not go
  the old one; but for a next hop's new MAC address, which may reach the NIC
  first.
* Frames that are alike leave by each port in the order in which they came.
* Port counters are exact.  So are rules' if nothing removes rules: at most
  what the NIC says to have counted too late is missing, and of what OVS has
  handled itself what it loses when it removes a flow while packets hit it,
  which stock OVS does, too.
* When all is quiet again, everything leaves as after the change.

Segments have learned where everybody is before that, and nobody moves.
"""

import re
import struct
import threading
import time

import frames as wire
import generate
import model
import runner
import segment_check
import switch as switches

MAGIC = b'\xa5live'
# What depends on frames before, and what truncates, which takes the mark away.
LEFT_OUT = ('meter', 'ct(', 'output(')
BEFORE, AFTER = 8, 16           # Turns of all frames.
SETTLED_TURN = BEFORE + AFTER   # The turn when all is quiet again.


def random_case(rng, world):
    """A case with one step, which makes a change, and in which the way of a
    frame does not depend on those before it, and its end arrives."""
    while True:
        case = generate.random_case(rng, world, live=True)
        if len(case['steps']) > 1 and (
                'segments' in case or not case.get('learns')) and not any(
                    action.startswith(LEFT_OUT) for rule in case['rules']
                    for action in rule['actions']):
            break
    case['steps'] = case['steps'][:2]
    frames = [frame for frame in case['steps'][0]['frames']
              if 'fields' in frame and frame['port'] != 'd']
    case['steps'][0]['frames'] = frames
    case['steps'][1]['frames'] = []
    return case


def tag(frame, turn, number):
    """'frame' with a mark at its end, and checksums made good."""
    mark = MAGIC + struct.pack('!HH', turn, number)
    data = frame[:-len(mark)] + mark
    parts = wire.split(data)
    if parts and frame[:6] == switches.LOCAL_MAC_BYTES and (
            parts[1][6:] != b'\0\0'):
        data = wire.with_good_checksum(data)
    return data


def untag(data):
    """Returns (turn, number, the frame without the mark), or None."""
    if data[-9:-4] != MAGIC:
        return None
    turn, number = struct.unpack('!HH', data[-4:])
    parts = wire.split(data)
    port = wire.outer_port(data) if parts else 0
    return turn, number, (port, wire.without_port(data[:-4] + bytes(4))
                          if not parts or parts[1][6:] == b'\0\0'
                          else wire.without_port(data)[:-4])


def sort_out(sent):
    """Returns {(turn, number): sorted outputs}, {(port, number): turns}, and
    frames that were never sent."""
    outputs, order, strange = {}, {}, []
    for port, frames in sent.items():
        for data in frames:
            found = untag(data)
            if found is None:
                if not wire.own_question(data):
                    strange.append((port, data))
                continue
            turn, number, shape = found
            outputs.setdefault((turn, number), []).append((port, shape))
            order.setdefault((port, number), []).append(turn)
    return ({key: sorted(value) for key, value in outputs.items()}, order,
            strange)


class Stream:
    """Frames through one switch."""

    def __init__(self, one, frames):
        self.runner = one
        self.switch = one.switch
        self.frames = frames
        self.by_port = {}
        for number, frame in enumerate(frames):
            self.by_port.setdefault(frame['port'], []).append(
                (number, bytes.fromhex(frame['hex'])))

    def turn(self, turn):
        """Sends each frame once and does not wait, but for the queues."""
        s = self.switch
        for port, some in self.by_port.items():
            s.send(port, [tag(data, turn, number) for number, data in some])

    def quiet_turn(self, turn):
        """Sends each frame once and returns what was sent."""
        self.turn(turn)
        self.switch.all_received()
        self.switch.settle()
        return self.switch.sent()

    def teach(self, case):
        """Segments learn where the frames come from, and OVS has revalidated
        the flows of those that were flooded before."""
        if 'segments' in case:
            self.quiet_turn(0)
            self.switch.barrier()
            self.switch.next_hops()
            self.switch.barrier()
            self.switch.sent()

    def drops(self):
        """How many packets have been dropped in the datapath, by OVS's own
        account and by the NIC's.  Threads tell others once in a second.  From
        then on no flow expires: OVS would learn next hops anew."""
        self.switch.pass_time(1100)
        self.switch.settle()
        text = self.switch.ctl('coverage/show')
        return sum(int(n) for n in re.findall(
            r'^(?:datapath_drop_(?:lock|upcall|invalid|tunnel)|'
            r'hwv_(?:push|hold)_drop_withdrawn)\S* .*total: (\d+)',
            text, re.M)) + sum(counters['rx_drop_withdrawn'] for counters
                               in self.switch.accounts().values())


def reference(one, case):
    """What becomes of each frame before the change and after it."""
    stream = Stream(one, case['steps'][0]['frames'])
    one.setup(case)
    one.switch.barrier()
    stream.teach(case)
    one.switch.sent()
    before, _, strange = sort_out(stream.quiet_turn(0))
    one.change(case, case['steps'][1])
    one.switch.barrier()
    after, _, more = sort_out(stream.quiet_turn(1))
    one.switch.barrier()
    return ({number: out for (_, number), out in before.items()},
            {number: out for (_, number), out in after.items()},
            strange + more)


class Subject:
    """The switch whose NIC works while things change."""

    def __init__(self, one, case):
        self.one = one
        self.case = case
        self.stream = Stream(one, case['steps'][0]['frames'])
        self.error = None

    def change(self):
        try:
            self.one.change(self.case, self.case['steps'][1])
        except Exception as error:      # It is raised again below.
            self.error = error

    def run(self):
        s = self.one.switch
        self.one.setup(self.case)
        s.barrier()
        self.stream.teach(self.case)
        s.sent()
        self.first = self.one.statistics()
        drops = self.stream.drops()
        s.set_idle(switches.IDLE)
        self.warm_up = self.stream.quiet_turn(0)
        s.barrier()
        for turn in range(1, BEFORE):
            self.stream.turn(turn)
        changer = threading.Thread(target=self.change)
        changer.start()
        turn = BEFORE
        while turn < SETTLED_TURN or changer.is_alive():
            self.stream.turn(turn)
            turn += 1
            time.sleep(0.0005)  # The offload thread comes once in 1 ms.
        changer.join()
        if self.error:
            raise self.error
        self.turns = turn
        s.all_received()
        s.barrier()
        self.sent = s.sent()
        self.drops = self.stream.drops() - drops
        self.settled = self.stream.quiet_turn(turn)
        s.set_idle(switches.IDLE)
        s.barrier()
        self.last = self.one.statistics()


def check_frames(subject, before, after):
    """Yields frames that became something they must not."""
    outputs, order, strange = sort_out(subject.sent)
    for port, data in strange:
        yield '%s sent what nobody sent to it: %s' % (port, data.hex())
    moves = not {'moves', 'gateway'}.isdisjoint(subject.case['steps'][1])
    missing = 0
    for number, frame in enumerate(subject.stream.frames):
        right = before.get(number, []), after.get(number, [])
        if not moves:
            yield from check_once(subject, outputs, number, *right)
        for turn in range(1, subject.turns):
            got = outputs.get((turn, number), [])
            if got not in right:
                if not got:
                    missing += 1
                    continue
                yield ('turn %d, frame %d from %s: sent as %s\n    instead of '
                       '%s\n    or %s' % (turn, number, frame['port'],
                                          show(got), *map(show, right)))
    if missing > subject.drops:
        yield '%d frames are missing, but OVS has dropped %d' % (
            missing, subject.drops)
    for (port, number), turns in order.items():
        once = list(dict.fromkeys(turns))
        if once != sorted(once):
            yield 'frames %d left by %s in this order: %s' % (number, port,
                                                              turns)
    outputs, _, _ = sort_out(subject.settled)
    settled = {number: out for (_, number), out in outputs.items()}
    for number in range(len(subject.stream.frames)):
        if settled.get(number, []) != after.get(number, []):
            yield 'frame %d: in the end sent as %s\n    instead of %s' % (
                number, show(settled.get(number, [])),
                show(after.get(number, [])))


def check_once(subject, outputs, number, before, after):
    """Yields if frames that are alike go back to the old way."""
    turned = None
    for turn in range(1, subject.turns):
        got = outputs.get((turn, number), [])
        if got == after and got != before:
            turned = turn
        elif got == before and turned and (got or not subject.drops):
            yield ('frame %d from %s: turn %d went the new way, but turn %d '
                   'the old one:\n    %s\n    %s' % (
                       number, subject.stream.frames[number]['port'], turned,
                       turn, show(after), show(before)))
            break


def show(outputs):
    return ', '.join('%s: port %d %s' % (port, udp, data.hex())
                     for port, (udp, data) in outputs) or 'nothing'


def check_counters(subject, case):
    """Yields counters that are wrong."""
    first, last = subject.first, subject.last
    turns = subject.turns + 1
    want = {}
    for frame in subject.stream.frames:
        counts = want.setdefault(frame['port'], [0] * 4)
        counts[0] += turns
        counts[2] += turns * len(frame['hex']) // 2
    for sent in (subject.sent, subject.warm_up, subject.settled):
        for port, frames in sent.items():
            counts = want.setdefault(port, [0] * 4)
            counts[1] += len(frames)
            counts[3] += sum(map(len, frames))
    for port, before in first['ports'].items():
        got = [n - m for n, m in zip(last['ports'][port], before)]
        if not port.startswith('to-') and got != want.get(port, [0] * 4):
            yield 'counters of %s are %s, but %s on the wire' % (
                port, got, want.get(port))
    if 'delete' not in case['steps'][1]:
        yield from check_rules(subject, case, turns)


def check_rules(subject, case, turns):
    """Yields if the rules of table 0 have not seen all frames."""
    total, more = [n * turns for n in reaching(case, subject.stream.frames)]
    counted = counted_by_rules(subject.last) - counted_by_rules(subject.first)
    slack = software(subject.last) - software(subject.first) + late(
        subject.last) - late(subject.first)
    if not total - slack <= counted <= total + more and not any(
            'blind' in step for step in case['steps']):
        yield ('the rules have counted %d packets of %d, and only %d may be '
               'missing' % (counted, total, slack))


def counted_by_rules(stats):
    return sum(packets for table, _, _, packets, _ in stats['br-int']['rules']
               if table == 0)


def reaching(case, frames):
    """Returns how many get to br-int, and how many of these may come to its
    table 0 twice, as their VNI turns out to be nobody's."""
    if 'segments' in case:
        oracle = segment_check.Oracle(case)
        frames = [frame for frame in frames if oracle.reaches(frame)]
        return len(frames), sum(map(oracle.is_foreign, frames))
    predicted = model.Model(case)
    return sum(1 for frame in frames
               if not frame['port'].startswith('pf')
               or predicted.decapsulate(frame['port'], frame['fields'])), 0


def software(stats):
    return sum(port['misses'] for nic in stats['nic'] for port in nic['ports'])


def late(stats):
    return sum(nic['late_packets'] for nic in stats['nic'])


def run(runners, case, covered):
    """Runs a case; returns what is wrong, as a list of texts."""
    subject = Subject(runners['on'], case)
    (before, after, strange), _ = runner.at_once(
        lambda: reference(runners['off'], case), subject.run)
    if covered:
        covered.add_counts([subject.first, subject.last])
    found = ['%s sent what nobody sent to it: %s' % (port, data.hex())
             for port, data in strange]
    found += check_frames(subject, before, after)
    found += check_counters(subject, case)
    return found
