# SPDX-License-Identifier: Apache-2.0

"""Makes cases in which VFs are in segments, so that hardly a rule says where
frames go, and in which VMs migrate, VTEPs get other next hops, and so on.
Stock OVS has no segments and takes no part."""

import frames
import rules
import segments
import traffic

VFS = ['vm1', 'vm2', 'vm3', 'vm4']
VNIS = ['vni=1', 'vni=123']
VLAN = 'vlan=7'
VTEPS = [92, 92, 93, 95]        # See traffic.vtep().
GATEWAYS = [92, 93, 94]         # One of them is the way to VTEP 95.
FLOWS = 30                      # In a step.


def own_mac(vf):
    return traffic.VM_MACS[int(vf[2:]) - 1]


def random_vtep(rng):
    return traffic.vtep(rng.choice(VTEPS), rng.random() < 0.35)


def random_vtag(rng):
    return rng.choice(VNIS * 3 + [VLAN, None])


def option(vf, key, value):
    """A command that sets an option of a VF, or removes it."""
    if value is None:
        return ['remove', 'interface', vf, 'options', key]
    return ['set', 'interface', vf, 'options:%s="%s"' % (key, value)]


def set_vtag(vf, vtag):
    """The same for the segment, without which there is no
    options:unknown."""
    if not vtag:
        return ['remove', 'interface', vf, 'options', 'vni', 'vlan', 'unknown']
    key, number = vtag.split('=')
    other = {'vni': 'vlan', 'vlan': 'vni'}[key]
    return ['remove', 'interface', vf, 'options', other, '--',
            'set', 'interface', vf, 'options:%s=%s' % (key, number)]


class Draft:
    """A case that is being made."""

    def __init__(self, rng, case, world):
        self.rng = rng
        self.case = case
        self.world = world
        self.model = segments.Segments(VFS)
        self.next_hops = {}     # VTEP's IP address: its MAC address.
        self.homes = {}         # (segment, MAC): where its VM is.
        self.has_acls = False
        case.update(learns=True, segments=[], commands=[], tunnels=[
            dict(case['tunnels'][0], six=False, vtep=None, key='flow',
                 dst_port=4789, options={})])

    # The first state.

    def begin(self):
        rng, case = self.rng, self.case
        for vf in VFS:
            vtag = random_vtag(rng)
            self.configure(set_vtag(vf, vtag), ['join', vf, vtag])
            if rng.random() < 0.3:
                self.configure(option(vf, 'mac', own_mac(vf)),
                               ['own_mac', vf, own_mac(vf)])
            if vtag and rng.random() < 0.2:
                self.configure(option(vf, 'unknown', 'drop'),
                               ['unknown', vf, True])
        for vtag in VNIS:
            for vtep in {random_vtep(rng) for _ in range(rng.randrange(4))}:
                self.command('fdb-add', vtag, '00:00:00:00:00:00', vtep)
                self.apply(case, ['set_flood', vtag, vtep, True])
        for _ in range(rng.randrange(4)):
            self.merge(case, self.static())
        rules.add(case, 'br-int', 0, 0, {}, [])
        for vf in VFS:
            if rng.random() < (0.05 if self.model.vtag[vf] else 0.6):
                rules.add(case, 'br-int', 0, 5, {'in_port': vf}, ['output:%d'
                          % rng.randrange(1, 5)])
        for _ in range(rng.choice([0, 0, 1, 2])):
            self.case['rules'].append(self.acl())
        rules.add_underlay(rng, case, self.world)
        rules.add(case, 'br0', 0, 16, {'in_port': 'pf0', 'dl_vlan': 7},
                  ['output:%d' % rules.PHY_PORTS['to-int']])

    def configure(self, command, change):
        self.case['settings'].append(command)
        self.apply(self.case, change)

    def command(self, name, vtag, *args):
        self.case['commands'].append(
            ['ctl', 'hwvxlan/' + name, vtag.split('=')[1], *args])

    def apply(self, where, change):
        where.setdefault('segments', []).append(change)
        self.model.apply([change])

    def merge(self, case, step):
        """What a step would do is done at the beginning."""
        case['commands'] += step.get('commands', [])
        case['segments'] += step.get('segments', [])

    def acl(self):
        rng = self.rng
        self.has_acls = True
        return rules.make(self.case, 'br-int', 0, rng.choice([60, 90]),
                          rules.acl_match(rng, self.case), [])

    # What changes in a step.

    def change(self):
        rng = self.rng
        return rng.choice([self.migrate, self.migrate, self.roam, self.option,
                           self.static, self.static, self.config, self.flood,
                           self.next_hop, self.next_hop, self.gateway,
                           self.drop, self.purge])()

    def live_change(self):
        """Everybody is where he was, so nothing has to be learned anew."""
        return self.rng.choice([self.add_static, self.add_static, self.config,
                                self.flood, self.next_hop, self.gateway,
                                self.drop, self.purge])()

    def migrate(self):
        """VMs are elsewhere; their frames will tell."""
        for key in self.rng.sample(sorted(self.homes), len(self.homes) // 2):
            del self.homes[key]
        return {}

    def roam(self):
        vf, vtag = self.rng.choice(VFS), random_vtag(self.rng)
        if vtag == self.model.vtag[vf]:
            return {}
        return self.step([['vsctl', *set_vtag(vf, vtag)]], ['join', vf, vtag])

    def option(self):
        vf = self.rng.choice(VFS)
        if self.rng.random() < 0.5:
            mac = None if vf in self.model.mac else own_mac(vf)
            return self.step([['vsctl', *option(vf, 'mac', mac)]],
                             ['own_mac', vf, mac])
        if not self.model.vtag[vf]:
            return {}
        drops = vf not in self.model.drops
        return self.step(
            [['vsctl', *option(vf, 'unknown', 'drop' if drops else 'flood')]],
            ['unknown', vf, drops])

    def static(self):
        rng, model = self.rng, self.model
        if model.static and rng.random() < 0.4:
            vtag, mac = rng.choice(sorted(model.static))
            return self.step([['ctl', 'hwvxlan/fdb-del', vtag[4:], mac]],
                             ['del_static', vtag, mac])
        return self.add_static()

    def add_static(self):
        rng = self.rng
        vtag = rng.choice(VNIS)
        mac, vtep = rng.choice(traffic.REMOTE_MACS), random_vtep(rng)
        return self.step([['ctl', 'hwvxlan/fdb-add', vtag[4:], mac, vtep]],
                         ['add_static', vtag, mac, vtep])

    def config(self):
        rng = self.rng
        vtag = rng.choice(VNIS)
        vteps = {mac: random_vtep(rng) for mac
                 in rng.sample(traffic.REMOTE_MACS, rng.randrange(3))}
        text = ','.join('%s=%s' % item for item in vteps.items())
        port, key = self.case['tunnels'][0]['name'], 'fdb-' + vtag[4:]
        command = ['set', 'interface', port, 'other_config:%s="%s"' % (
            key, text)] if text else ['remove', 'interface', port,
                                      'other_config', key]
        return self.step([['vsctl', *command]], ['set_config', vtag, vteps])

    def flood(self):
        vtag, vtep = self.rng.choice(VNIS), random_vtep(self.rng)
        there = vtep not in self.model.flood.get(vtag, ())
        return self.step(
            [['ctl', 'hwvxlan/fdb-' + ('add' if there else 'del'), vtag[4:],
              '00:00:00:00:00:00', vtep]],
            ['set_flood', vtag, vtep, there])

    def next_hop(self):
        n = self.rng.choice([92, 93])
        moves = [[traffic.vtep(n, six), self.rng.choice(traffic.NEW_MACS)]
                 for six in (False, True)]
        self.next_hops.update(moves)
        return {'commands': [['ctl', 'tnl/neigh/set', 'br0', *move]
                             for move in moves], 'moves': moves}

    def gateway(self):
        n = self.rng.choice(GATEWAYS)
        return {'commands': [
            ['ctl', 'ovs/route/add', '1.1.3.0/24', 'br0',
             traffic.vtep(n, False)],
            ['ctl', 'ovs/route/add', '2001:beef::/64', 'br0',
             traffic.vtep(n, True)]], 'gateway': n}

    def drop(self):
        return {'add': [self.acl()]}

    def purge(self):
        return {'commands': [['ctl', 'revalidator/purge']]}

    def step(self, commands, change):
        step = {'commands': commands}
        self.apply(step, change)
        return step

    # Frames.

    def home(self, vtag, mac):
        """Where a VM is."""
        if not self.is_there(vtag, self.homes.get((vtag, mac))):
            places = sorted(self.model.members(vtag))
            if mac in traffic.VM_MACS:
                places = [vf for vf in places if own_mac(vf) == mac] or places
            if not places or mac in traffic.REMOTE_MACS or (
                    self.rng.random() < 0.1):
                places = [segments.UPLINK] if vtag == VLAN else [
                    random_vtep(self.rng)]
            self.homes[vtag, mac] = self.rng.choice(places)
        return self.homes[vtag, mac]

    def is_there(self, vtag, place):
        return place and (not self.model.is_local(place)
                          or self.model.vtag[place] == vtag)

    def random_frames(self):
        """Frames from where their sources are, by port."""
        rng = self.rng
        found = []
        used = sorted({vtag for vtag in self.model.vtag.values() if vtag})
        for vtag in used + used + [rng.choice(VNIS)]:
            for mac in traffic.VM_MACS + traffic.REMOTE_MACS:
                for _ in range(rng.choice([0, 1, 2])):
                    found.append(self.random_flow(vtag, mac,
                                                  self.home(vtag, mac)))
        for vf in VFS:
            if not self.model.vtag[vf]:
                found.append(traffic.random_flow(rng, self.case, vf,
                                                 traffic.outgoing))
        rng.shuffle(found)
        return sorted((frame for flow in found[:FLOWS] for frame in flow),
                      key=lambda frame: (frame['port'],
                                         frame.get('from', 0)))

    def random_flow(self, vtag, mac, place):
        """Frames from 'mac', some of which the NIC could take for one of the
        others.  Some of these come when all know where 'mac' is, unless an ACL
        may have kept the first from teaching it."""
        rng = self.rng
        later = not self.case['odd'] and not self.has_acls
        outer = None
        if not (self.model.is_local(place) or place == segments.UPLINK):
            outer = self.outer(vtag, place)
        found = []
        like = None
        for turn in [0, 0, 1, 1, 2][:rng.choice([1, 2, 4])]:
            data, fields, f = traffic.random_frame(
                rng, self.case, [mac], traffic.VM_MACS + traffic.REMOTE_MACS
                + traffic.OTHER_MACS[:2], like)
            port = place
            if outer:
                port = rng.choice(self.world['pfs'])
                data = frames.wrap(outer, data)
                fields = fields and dict(fields, tunnel={
                    'from': outer['from'], 'vni': outer['vni'],
                    'dport': outer['dport'], 'src': outer['src']})
            elif place == segments.UPLINK:
                port = 'pf0'
                f = dict(f, vlans=[(0x8100, 7)])
                data = frames.build(f)
                fields = fields and traffic.fields_of(f)
            found.append(traffic.make(port, data, fields and dict(
                fields, in_port=port)))
            if turn and later:
                found[-1]['from'] = turn
            like = f
        return found

    def outer(self, vtag, vtep):
        six = ':' in vtep
        n = int(vtep.rsplit(':' if six else '.', 1)[1])
        o, _ = traffic.random_outer(
            self.rng, dict(self.case, odd=0, wrong=0),
            {'six': six, 'vtep': n, 'key': int(vtag[4:]), 'dst_port': 4789})
        o.update(csum=six)
        o['src'] = self.next_hops.get(vtep, o['src'])
        return o


def random_case(rng, case, world):
    """Fills 'case', which has tunnels and no rules yet."""
    live = case.get('live')
    case.update(odd=0 if live else rng.choice([0, 0, 0, 0.1]), wrong=0)
    draft = Draft(rng, case, world)
    draft.begin()
    case['steps'].append({'frames': draft.random_frames()})
    if live:
        case['steps'].append(draft.live_change())
        return case
    for _ in range(rng.choice([2, 3, 4])):
        step = draft.change()
        step['frames'] = draft.random_frames()
        case['steps'].append(step)
    return case
