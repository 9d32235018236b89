# SPDX-License-Identifier: Apache-2.0

"""Makes random worlds and cases.

A world is what lasts: PMD threads, uplinks, sizes of tables.  A case is what
is laid over it: tunnels, rules, and steps, each of which changes something and
then sends frames.  Both are plain JSON, so that a case can be kept, made
smaller and run again.

Most cases are such that much of them fits into the NIC; the rest is there to
get in its way."""

import churn
import rules
import segment_cases
import traffic

PERIOD = 10                     # Of worlds.
CHURN = 0                       # In each period: has a table that churns,
TINY = 9                        # and one whose tables are soon full.


def random_world(rng, number):
    """The world of that number."""
    world = {'pmds': rng.choice([1, 1, 3]), 'pfs': ['pf0'], 'nic_of': {},
             'pf_options': {}}
    if rng.random() < 0.4:
        world['pfs'].append('pf1')
        if rng.random() < 0.3:
            world['nic_of'] = {'vm3': 'pf1', 'vm4': 'pf1'}
    if number % PERIOD == TINY:
        world['pf_options'] = {'max-flows': 4, 'max-tunnels': 2}
    if number % PERIOD == CHURN:
        world['pf_options'] = {'max-flows': churn.ENTRIES}
        world['churns'] = True
    return world


def random_tunnel(rng, letters, ofport, number, six):
    tunnel = {'name': 'v%s%d' % (letters, number), 'ofport': ofport + number,
              'six': six, 'vtep': rng.choice([92, 92, 93, 95]),
              'key': rng.choice([1, 123, 123, 0xffffff, 0]),
              'dst_port': 4789, 'options': {}}
    if rng.random() < 0.2:
        tunnel['key'] = 'flow'
    if rng.random() < 0.15:
        tunnel['vtep'] = None   # Rules tell.
    extra = rng.random()
    if extra < 0.08:
        tunnel['options']['tos'] = rng.choice(['inherit', '0x28'])
    elif extra < 0.14:
        tunnel['options']['ttl'] = rng.choice(['inherit', '9'])
    elif extra < 0.18:
        tunnel['options']['df_default'] = 'false'
    elif extra < 0.22:
        tunnel['options']['csum'] = rng.choice(['true', 'false'])
    elif extra < 0.25:
        tunnel['dst_port'] = 4790
    return tunnel


def random_tunnels(rng):
    """Tunnels no two of which would be the same to OVS."""
    tunnels = {}
    # Names and numbers of their own: nothing is left of the case before.
    letters = ''.join(rng.choices('abcdefghijklmnopqrstuvwxyz', k=4))
    ofport = 10 * rng.randrange(2, 6000)
    for number in range(rng.choice([1, 2, 2, 3, 4])):
        tunnel = random_tunnel(rng, letters, ofport, number,
                               rng.random() < 0.35)
        same = (tunnel['vtep'] and (tunnel['vtep'], tunnel['six']),
                tunnel['key'], tunnel['dst_port'])
        tunnels.setdefault(same, tunnel)
    return list(tunnels.values())


def random_change(rng, case, world):
    """Returns what changes before a step: a list of commands, each of which is
    [program, arguments...]; and for the model the rules that are added."""
    what = rng.choice(['rule', 'rule', 'rule', 'delete', 'modify', 'neighbor',
                       'route', 'tunnel', 'offload', 'flush', 'purge'])
    if what in ('offload', 'flush') and case.get('learns'):
        what = 'purge'          # It would take too long; see pass_time().
    if what == 'rule':
        rule = rules.random_rule(rng, case, 900)
        return {'add': [rule]}
    if what in ('delete', 'modify'):
        return random_rule_change(rng, case, what)
    if what == 'neighbor':
        n = rng.choice([92, 93])
        moves = [[traffic.vtep(n, six), rng.choice(traffic.NEW_MACS)]
                 for six in (False, True)]
        return {'commands': [['ctl', 'tnl/neigh/set', 'br0', *move]
                             for move in moves], 'moves': moves}
    if what == 'route':
        n = rng.choice([92, 93, 94])
        return {'commands': [
            ['ctl', 'ovs/route/add', '1.1.3.0/24', 'br0',
             traffic.vtep(n, False)],
            ['ctl', 'ovs/route/add', '2001:beef::/64', 'br0',
             traffic.vtep(n, True)]]}
    if what == 'tunnel' and case['tunnels']:
        tunnel = rng.choice(case['tunnels'])
        option = rng.choice(['ttl=7', 'tos=0x28', 'tos=inherit', 'key=55',
                             'df_default=false'])
        if option.startswith('key') and tunnel['key'] == 'flow':
            option = 'ttl=8'
        return {'commands': [['vsctl', 'set', 'interface', tunnel['name'],
                              'options:' + option]], 'blind': True}
    if what == 'offload':
        return {'on': [['vsctl', 'set', 'interface', pf,
                        'options:offload=%s' % value]
                       for value in ('false', 'true')
                       for pf in world['pfs']]}
    if what == 'flush':
        return {'on': [['ctl', 'hwvxlan/flush']]}
    return {'commands': [['ctl', 'revalidator/purge']]}


def random_rule_change(rng, case, what):
    candidates = [rule for rule in case['rules']
                  if rule['bridge'] == 'br-int' and rule['table'] == 0]
    if not candidates:
        return {}
    rule = rng.choice(candidates)
    if what == 'delete':
        return {'delete': [rule['cookie']]}
    actions = rules.random_output(rng, case)
    return {'modify': [[rule['cookie'], actions]]}


def random_case(rng, world, live=False):
    case = {'odd': rng.choice([0.05, 0.05, 0.15, 0.3]),
            'wrong': rng.choice([0, 0, 0, 0.1, 0.3]),
            'tunnels': random_tunnels(rng), 'rules': [], 'groups': [],
            'meters': [], 'settings': [], 'steps': []}
    if live:
        case.update(live=True, odd=0, wrong=0)
    if world.get('churns') and not live:
        case.update(style='churn', odd=0.02, wrong=0)
        churn.fill(rng, case, world)
        add_steps(rng, case, world, churn.random_flows(rng, case, world),
                  churn.some)
        return case
    case['style'] = rng.choice(['plain'] * 6 + ['acl'] * 2 + ['rich'] * 2
                               + ['normal'] + ['segment'] * 2)
    if case['style'] == 'segment':
        return segment_cases.random_case(rng, case, world)
    rules.fill(rng, case, world)
    frames = traffic.random_frames(rng, case, world)
    if case.get('learns'):
        frames = traffic.stable(frames)
    case['steps'].append({'frames': frames})
    add_steps(rng, case, world, frames, some)
    return case


def some(rng, frames):
    return rng.sample(frames, min(len(frames), 60))


def add_steps(rng, case, world, frames, choose):
    """Adds steps, each with what 'choose' chooses of 'frames'."""
    for _ in range(rng.choice([1, 1, 2, 3])):
        step = random_change(rng, case, world)
        for address, new in step.get('moves', ()):
            frames = [traffic.moved(frame, address, new) for frame in frames]
        step['frames'] = choose(rng, frames)
        step['frames'].sort(key=lambda frame: frame['port'])
        case['steps'].append(step)
