# SPDX-License-Identifier: Apache-2.0

"""Makes random OpenFlow rules.

A rule is {"bridge", "table", "priority", "cookie", "match", "actions"}; the
cookie names it.  Matches are dicts of OpenFlow fields, so that the model can
read them; actions are text."""

import traffic

INT_PORTS = {'vm1': 1, 'vm2': 2, 'vm3': 3, 'vm4': 4, 'to-phy': 8, 'd': 9}
PHY_PORTS = {'pf0': 1, 'pf1': 2, 'to-int': 8, 'LOCAL': 'LOCAL'}

# What an action needs in the match of its rule, or OpenFlow refuses it.
NEEDS = {'mod_nw': {'dl_type': 0x0800}, 'dec_ttl': {'dl_type': 0x0800},
         'mod_tp': {'dl_type': 0x0800, 'nw_proto': 17},
         'ct(': {'dl_type': 0x0800},
         'pop_vlan': {'vlan_tci': '0x1000/0x1000'},
         'strip_vlan': {'vlan_tci': '0x1000/0x1000'}}


def tunnel_output(rng, tunnel):
    """Actions that send through 'tunnel'."""
    actions = []
    if tunnel['key'] == 'flow':
        actions.append('set_field:%#x->tun_id' % rng.choice([1, 123]))
    if not tunnel['vtep']:
        remote = traffic.vtep(rng.choice([92, 93, 95]), tunnel['six'])
        actions.append('set_field:%s->tun_%sdst' % (
            remote, 'ipv6_' if tunnel['six'] else ''))
    return actions + ['output:%d' % tunnel['ofport']]


def random_output(rng, case):
    """Actions that send to one place, which the NIC may be able to do."""
    where = rng.random()
    if where < 0.45 and case['tunnels']:
        return tunnel_output(rng, rng.choice(case['tunnels']))
    if where < 0.8:
        return ['output:%d' % rng.randrange(1, 5)]
    if where < 0.86:
        return ['output:%d' % INT_PORTS['to-phy']]
    if where < 0.93:
        return ['mod_vlan_vid:%d' % rng.choice(traffic.VIDS),
                'output:%d' % INT_PORTS['to-phy']]
    return []


def set_field(rng):
    return rng.choice([
        'mod_dl_src:50:54:00:00:00:99', 'mod_dl_dst:50:54:00:00:00:98',
        'mod_nw_tos:40', 'mod_nw_ttl:9', 'dec_ttl', 'mod_nw_dst:2.2.9.9',
        'mod_tp_dst:99', 'mod_vlan_vid:5', 'push_vlan:0x8100', 'pop_vlan',
        'mod_nw_ecn:2', 'strip_vlan', 'set_field:7->reg1',
        'load:1->NXM_NX_PKT_MARK[]'])


def may_flood(case):
    """When OVS floods into a tunnel whose VNI or remote is left to the rules,
    they are those of the copy before, whichever that was."""
    return all(tunnel['vtep'] and tunnel['key'] != 'flow'
               for tunnel in case['tunnels'])


def exotic_actions(rng, case):
    """Actions that are too much for the NIC, or only look so."""
    out = random_output(rng, case)
    what = rng.choice(['set', 'set', 'multi', 'multi', 'resubmit', 'resubmit',
                       'group', 'meter', 'controller', 'sample', 'clone',
                       'normal', 'learn', 'ct', 'in_port', 'trunc', 'note'])
    if what == 'set':
        return [set_field(rng)] + out
    if what == 'multi':
        return out + random_output(rng, case) + random_output(rng, case)
    if what == 'resubmit':
        return ['resubmit(,%d)' % rng.choice([1, 2])]
    if what == 'group':
        return ['group:%d' % rng.choice([1, 2, 3])]
    if what == 'meter':
        return ['meter:%d' % rng.choice([1, 2])] + out
    if what == 'controller':
        return ['controller'] + out
    if what == 'sample':
        return ['sample(probability=65535,collector_set_id=1)'] + out
    if what == 'clone':
        return ['clone(%s,output:9)' % set_field(rng)] + out
    if what == 'normal' and not may_flood(case):
        return out
    if what == 'normal':
        case['learns'] = True
        return ['normal']
    if what == 'learn':
        case['learns'] = True
        return ['learn(table=3,priority=5,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],'
                'output:NXM_OF_IN_PORT[])', 'resubmit(,3)']
    if what == 'ct':
        return [rng.choice(['ct(commit,zone=1,table=4)', 'ct(table=4)'])]
    if what == 'in_port':
        return ['in_port']
    if what == 'trunc':
        return ['output(port=%d,max_len=%d)' % (rng.randrange(1, 5),
                                                rng.choice([20, 60]))]
    return ['note:01.02'] + out


def fit(match, actions):
    """'match', as far as that is possible, with what 'actions' need."""
    needed = {}
    for action in actions:
        for name, fields in NEEDS.items():
            if name in action:
                needed.update(fields)
    if not needed:
        return match
    return {**{field: value for field, value in match.items()
               if field in ('in_port', 'dl_dst', 'dl_src')}, **needed}


def l2_match(rng, case, port=None):
    """A match that the NIC can have."""
    match = {}
    names = ['vm1', 'vm2', 'vm3', 'vm4'] + [tunnel['name'] for tunnel
                                            in case['tunnels']]
    if port or rng.random() < 0.85:
        match['in_port'] = port or rng.choice(names)
    if rng.random() < 0.75:
        match['dl_dst'] = rng.choice(traffic.VM_MACS + traffic.REMOTE_MACS)
    if rng.random() < 0.3:
        match['dl_src'] = rng.choice(traffic.VM_MACS + traffic.REMOTE_MACS)
    if rng.random() < 0.15:
        match['dl_type'] = rng.choice([0x0800, 0x86dd, 0x0806])
    return match


def acl_match(rng, case):
    """A match on what the NIC does not look at."""
    match = l2_match(rng, case) if rng.random() < 0.7 else {}
    match.pop('dl_type', None)
    what = rng.choice(['nw', 'nw', 'l4', 'l4', 'dscp', 'ecn', 'ttl', 'frag',
                       'vlan', 'vlan mask', 'mac mask', 'ipv6', 'tun', 'arp',
                       'proto'])
    four = rng.random() < 0.7
    ip = {'dl_type': 0x0800 if four else 0x86dd}
    if what == 'nw':
        match.update({'dl_type': 0x0800,
                      rng.choice(['nw_src', 'nw_dst']): rng.choice(
                          traffic.IP4 + ['2.2.2.0/24', '2.2.0.0/16',
                                         '0.0.0.1/0.0.0.1'])})
    elif what == 'ipv6':
        match.update({'dl_type': 0x86dd,
                      rng.choice(['ipv6_src', 'ipv6_dst']): rng.choice(
                          traffic.IP6 + ['fd02::/16', 'fd03::/64'])})
    elif what == 'l4':
        match.update(ip, nw_proto=rng.choice([6, 17]))
        match[rng.choice(['tp_src', 'tp_dst'])] = rng.choice(
            traffic.L4_PORTS + ['0x0/0xffc0'])
    elif what == 'dscp':
        match.update(ip, ip_dscp=rng.choice([0, 0x0a, 0x2e]))
    elif what == 'ecn':
        match.update(ip, nw_ecn=rng.randrange(4))
    elif what == 'ttl':
        match.update(ip, nw_ttl=rng.choice([1, 64, 255]))
    elif what == 'frag':
        match.update(ip, ip_frag=rng.choice(['no', 'yes', 'first', 'later',
                                             'not_later']))
    elif what == 'vlan':
        match['dl_vlan'] = rng.choice(traffic.VIDS)
    elif what == 'vlan mask':
        match['vlan_tci'] = rng.choice(['0x0000/0x1fff', '0x1000/0x1000',
                                        '0x1005/0x1fff'])
    elif what == 'mac mask':
        match['dl_dst'] = rng.choice([
            '01:00:00:00:00:00/01:00:00:00:00:00',
            '50:54:00:00:00:00/ff:ff:ff:ff:ff:f0'])
    elif what == 'proto':
        match.update(ip, nw_proto=rng.choice([6, 17, 58, 1]))
    elif what == 'arp':
        match.update(dl_type=0x0806, arp_op=rng.choice([1, 2]))
    else:
        match[rng.choice(['tun_id', 'tun_src'])] = None
        if 'tun_id' in match:
            match['tun_id'] = rng.choice([1, 123, 77])
        else:
            match['tun_src'] = traffic.vtep(rng.choice([92, 93]), False)
    return match


def random_rule(rng, case, priority, exotic=0.1, table=0):
    if rng.random() < exotic:
        match = acl_match(rng, case)
        actions = [] if rng.random() < 0.5 else random_output(rng, case)
    else:
        match = l2_match(rng, case)
        actions = random_output(rng, case)
    return make(case, 'br-int', table, priority, match, actions)


def make(case, bridge, table, priority, match, actions):
    """A rule.  No two have the same priority, unless it is 0: which of them
    counts would be up to the switch."""
    case['cookies'] = case.get('cookies', 0) + 1
    if priority:
        priority = 64 * priority + case['cookies'] % 64
    return {'bridge': bridge, 'table': table, 'priority': priority,
            'cookie': case['cookies'], 'match': match, 'actions': actions}


def add(case, *args):
    case['rules'].append(make(case, *args))


def add_base(rng, case):
    """What an operator has: who is where, and the rest goes somewhere."""
    for n, address in enumerate(traffic.VM_MACS, 1):
        if rng.random() < 0.9:
            add(case, 'br-int', 0, 50, {'dl_dst': address}, ['output:%d' % n])
    for address in traffic.REMOTE_MACS:
        if rng.random() < 0.9 and case['tunnels']:
            add(case, 'br-int', 0, 50, {'dl_dst': address},
                tunnel_output(rng, rng.choice(case['tunnels'])))
    for port in ('vm1', 'vm2', 'vm3', 'vm4'):
        if rng.random() < 0.3:
            add(case, 'br-int', 0, 10, {'in_port': port},
                random_output(rng, case))


def add_base_by(rng, case, field):
    """The same by where frames come from, so that flows have other shapes."""
    if field == 'dl_src':
        values = traffic.VM_MACS + traffic.REMOTE_MACS
    else:
        values = ['vm1', 'vm2', 'vm3', 'vm4'] + [
            tunnel['name'] for tunnel in case['tunnels']]
    for value in values:
        if rng.random() < 0.9:
            add(case, 'br-int', 0, 50, {field: value},
                random_output(rng, case))


def add_exotic(rng, case):
    """Tables, groups and meters that some rules in table 0 lead to."""
    case['meters'] = ['meter=1,pktps,burst,stats,bands=type=drop,rate=1,'
                      'burst_size=%d' % rng.choice([2, 5]),
                      'meter=2,kbps,burst,stats,bands=type=drop,rate=1,'
                      'burst_size=%d' % rng.choice([1, 4])]
    case['groups'] = [
        'group_id=1,type=all,bucket=output:1,bucket=output:2',
        'group_id=2,type=indirect,bucket=output:%d' % rng.randrange(1, 5),
        'group_id=3,type=select,selection_method=hash,fields(eth_dst,ip_dst),'
        'bucket=weight:1,output:3,bucket=weight:1,output:4']
    for _ in range(rng.choice([2, 4, 6])):
        match = (l2_match if rng.random() < 0.5 else acl_match)(rng, case)
        if rng.random() < 0.3:
            match = {'in_port': rng.choice(['vm1', 'vm2', 'vm3', 'vm4'])}
        actions = exotic_actions(rng, case)
        add(case, 'br-int', 0, rng.choice([20, 60, 70, 80]),
            fit(match, actions), actions)
    for table in 1, 2:
        for _ in range(2):
            case['rules'].append(random_rule(rng, case, rng.choice([5, 6]),
                                             0.3, table))
        add(case, 'br-int', table, 0, {}, random_output(rng, case)
            if table == 2 else ['resubmit(,2)'])
    add(case, 'br-int', 3, 0, {}, random_output(rng, case))
    add(case, 'br-int', 4, 0, {}, random_output(rng, case))
    add(case, 'br-int', 4, 5, {'dl_type': 0x0800, 'ct_state': '+trk+new'},
        ['output:1'])


def add_underlay(rng, case, world):
    """br0: either it learns, or it is told."""
    two = len(world['pfs']) > 1
    if not two and 'segments' not in case and rng.random() < 0.2:
        add(case, 'br0', 0, 0, {}, ['normal'])
        case['learns'] = True
        case['fdb'] = sorted(set(traffic.OUTER_MACS.values())
                             | set(traffic.NEW_MACS))
    else:
        for pf in world['pfs']:
            add(case, 'br0', 0, 10, {'in_port': pf}, ['LOCAL'])
        add(case, 'br0', 0, 10, {'in_port': 'LOCAL'},
            ['output:%d' % rng.randrange(1, len(world['pfs']) + 1)])
        add(case, 'br0', 0, 10, {'in_port': 'to-int'}, ['output:1'])
        for vid in traffic.VIDS:
            add(case, 'br0', 0, 15, {'in_port': 'pf0', 'dl_vlan': vid},
                ['strip_vlan', 'output:%d' % PHY_PORTS['to-int']])
        if two:
            add(case, 'br0', 0, 20, {'in_port': 'LOCAL', 'dl_type': 0x0800,
                                     'nw_dst': '1.1.2.93'}, ['output:2'])
    if rng.random() < 0.15:
        add(case, 'br0', 0, 30, {'in_port': 'pf0', 'dl_type': 0x0800,
                                 'nw_src': '1.1.2.93'}, [])
    if rng.random() < 0.1:
        add(case, 'br0', 0, 30, {'dl_src': 'f8:bc:12:44:34:cc'}, [])


def fill(rng, case, world):
    """Adds the rules, and what belongs to them."""
    style = case['style']
    by = None
    if style == 'normal' and may_flood(case):
        case['learns'] = True
        add(case, 'br-int', 0, 0, {}, ['normal'])
        for port in ('vm1', 'vm2', 'vm3', 'vm4'):
            if rng.random() < 0.3:
                case['settings'].append(['set', 'port', port, 'tag=%d'
                                         % rng.choice(traffic.VIDS)])
    else:
        by = rng.choice(['dl_dst'] * 6 + ['dl_src', 'in_port'])
        if by == 'dl_dst':
            add_base(rng, case)
        else:
            add_base_by(rng, case, by)
        add(case, 'br-int', 0, 0, {}, random_output(rng, case))
    for _ in range(rng.choice([0, 2, 4]) if style in ('acl', 'rich')
                   or by in ('dl_dst', None) else 0):
        case['rules'].append(random_rule(
            rng, case, rng.choice([40, 60, 70, 80]), 0))
    if style == 'acl':
        for _ in range(rng.choice([1, 2, 3])):
            case['rules'].append(random_rule(rng, case,
                                             rng.choice([60, 90]), 1))
    if style == 'rich':
        add_exotic(rng, case)
        if rng.random() < 0.2:
            case['settings'] += [
                ['--', '--id=@d', 'get', 'port', 'd', '--', '--id=@m',
                 'create', 'mirror', 'name=m', 'output-port=@d',
                 'select_all=true', '--', 'set', 'bridge', 'br-int',
                 'mirrors=@m']]
    add_underlay(rng, case, world)


def match_text(match, ports):
    """'match' as ovs-ofctl reads it."""
    text = []
    for field, value in match.items():
        if field == 'in_port':
            value = ports[value]
        elif field == 'dl_type':
            value = '%#06x' % value
        elif field in ('tp_src', 'tp_dst'):
            field = {6: 'tcp', 17: 'udp'}[match['nw_proto']] + field[2:]
        text.append('%s=%s' % (field, value))
    return text


def rule_text(rule, tunnels):
    ports = dict(PHY_PORTS) if rule['bridge'] == 'br0' else dict(
        INT_PORTS, **{tunnel['name']: tunnel['ofport'] for tunnel in tunnels})
    return ','.join(['table=%d' % rule['table'],
                     'priority=%d' % rule['priority'],
                     'cookie=%#x' % rule['cookie']]
                    + match_text(rule['match'], ports)) + ' actions=' + (
                        ','.join(rule['actions']) or 'drop')
