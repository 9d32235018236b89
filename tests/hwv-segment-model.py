#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Random changes of two segments, against a slow model of them.

usage: hwv-segment-model.py SEED STEPS

Runs in the directory of an autotest that has a running ovs-vswitchd with VFs
vm1 to vm4, the tunnel port vx, and no ageing of addresses.  After each change,
the forwarding database has to be what the model has, and ofproto/trace has to
say about random frames what the model says.  VF 1 stays in the first segment
and VF 2 in the second; the others come and go."""

import glob
import json
import os
import random
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, 'differential'))
import control                          # noqa: E402

VNIS = [5001, 5002]
VFS = [1, 2, 3, 4]
ROAMING = [3, 4]
VTEPS = ['1.1.2.92', '1.1.2.93']
ZEROS = '00:00:00:00:00:00'
BROADCAST = 'ff:ff:ff:ff:ff:ff'
OWN = {vf: '50:54:00:00:00:f%d' % vf for vf in VFS}     # With options:mac.
MACS = ['50:54:00:00:00:0%s' % n for n in 'abcd'] + [OWN[vf] for vf in ROAMING]
PATIENCE = 60                   # Seconds.


class Model:
    """Who says where an address is, the strongest first: options:mac of a VF,
    hwvxlan/fdb-add, the database, and what was seen.  The others stay
    underneath.  A place is the number of a VF or the address of a VTEP."""

    def __init__(self):
        self.vni = {1: VNIS[0], 2: VNIS[1], 3: None, 4: None}
        self.has_mac = dict.fromkeys(VFS, False)
        self.drops = dict.fromkeys(VFS, False)
        self.static = {}        # (VNI, MAC): VTEP
        self.config = {}
        self.learned = {}       # (VNI, MAC): place
        self.flood = {vni: set() for vni in VNIS}

    def origins(self, vni, mac):
        """[(origin, place)], the one in force first."""
        found = [('local', vf) for vf in VFS
                 if self.has_mac[vf] and self.vni[vf] == vni
                 and OWN[vf] == mac]
        for name in 'static', 'config', 'learned':
            table = getattr(self, name)
            if (vni, mac) in table:
                found.append((name, table[vni, mac]))
        return found

    def forget(self, vf):
        """What was learned behind it."""
        self.learned = {key: place for key, place in self.learned.items()
                        if place != vf}

    def learn(self, vni, mac, place):
        """Not about what another origin has."""
        if all(origin == 'learned' for origin, _ in self.origins(vni, mac)):
            self.learned[vni, mac] = place

    def entries(self):
        return sorted((vni, mac, str(place), origin)
                      for vni in VNIS for mac in MACS
                      for origin, place in self.origins(vni, mac))

    def members(self, vni):
        return {vf for vf in VFS if self.vni[vf] == vni}

    def outputs(self, vni, place, src, dst):
        """Where a frame of 'vni' that comes from 'place' goes."""
        from_tunnel = place in VTEPS
        known = self.origins(vni, src)
        if known and known[0][0] != 'learned' and known[0][1] != place:
            return set()        # Configuration has it elsewhere.
        known = self.origins(vni, dst)
        if known:
            to = {known[0][1]}
        elif from_tunnel:
            to = self.members(vni)
        elif dst != BROADCAST and self.drops[place]:
            to = set()
        else:
            to = self.members(vni) | self.flood[vni]
        if from_tunnel:
            to -= set(VTEPS)
        return to - {place}


class Test:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.model = Model()
        self.ctl = control.UnixCtl(os.path.abspath(
            glob.glob('ovs-vswitchd.*.ctl')[0]))
        self.what = 'the start'
        self.steps = [self.add_static, self.del_static, self.set_config,
                      self.flood, self.roam, self.own_mac, self.unknown,
                      self.send, self.send]
        self.vsctl('set', 'interface', 'vm1', 'options:vni=%d' % VNIS[0],
                   '--', 'set', 'interface', 'vm2',
                   'options:vni=%d' % VNIS[1])

    def vsctl(self, *args):
        subprocess.run(['ovs-vsctl', *args], check=True, timeout=2 * PATIENCE)

    def make(self, *args):
        return subprocess.run(
            [sys.executable, os.path.join(HERE, 'hwv-frames.py'), *args],
            check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def key(self):
        return self.random.choice(VNIS), self.random.choice(MACS)

    # Changes.  Each one returns what it did.

    def add_static(self):
        vni, mac = self.key()
        if not any(origin == 'local'
                   for origin, _ in self.model.origins(vni, mac)):
            vtep = self.random.choice(VTEPS)
            self.ctl('hwvxlan/fdb-add', vni, mac, vtep)
            self.model.static[vni, mac] = vtep
            return 'static %d %s %s' % (vni, mac, vtep)

    def del_static(self):
        if self.model.static:
            vni, mac = self.random.choice(sorted(self.model.static))
            self.ctl('hwvxlan/fdb-del', vni, mac)
            del self.model.static[vni, mac]
            return 'no static %d %s' % (vni, mac)

    def set_config(self):
        vni = self.random.choice(VNIS)
        macs = self.random.sample(MACS, self.random.randrange(3))
        config = {(vni, mac): self.random.choice(VTEPS) for mac in macs}
        self.model.config = config | {
            key: vtep for key, vtep in self.model.config.items()
            if key[0] != vni}
        text = ','.join('%s=%s' % (mac, vtep)
                        for (_, mac), vtep in config.items())
        key = 'fdb-%d' % vni
        if text:
            self.vsctl('set', 'interface', 'vx',
                       'other_config:%s="%s"' % (key, text))
        else:
            self.vsctl('remove', 'interface', 'vx', 'other_config', key)
        return 'other_config:%s=%s' % (key, text)

    def flood(self):
        vni = self.random.choice(VNIS)
        vtep = self.random.choice(VTEPS)
        flood = self.model.flood[vni]
        verb = 'del' if vtep in flood else 'add'
        self.ctl('hwvxlan/fdb-' + verb, vni, ZEROS, vtep)
        flood ^= {vtep}
        return 'flood %s %d %s' % (verb, vni, vtep)

    def roam(self):
        vf = self.random.choice(ROAMING)
        vni = self.random.choice(VNIS + [None])
        if vni == self.model.vni[vf]:
            return None
        self.model.forget(vf)
        self.model.vni[vf] = vni
        if vni:
            self.vsctl('set', 'interface', 'vm%d' % vf, 'options:vni=%d' % vni)
        else:
            self.vsctl('remove', 'interface', 'vm%d' % vf, 'options', 'vni')
        return 'vm%d to %s' % (vf, vni)

    def option(self, vf, is_set, key, value):
        if is_set:
            self.vsctl('set', 'interface', 'vm%d' % vf,
                       'options:%s="%s"' % (key, value))
        else:
            self.vsctl('remove', 'interface', 'vm%d' % vf, 'options', key)
        return 'vm%d %s %s' % (vf, key, is_set)

    def own_mac(self):
        vf = self.random.choice(ROAMING)
        self.model.has_mac[vf] ^= True
        self.model.forget(vf)
        return self.option(vf, self.model.has_mac[vf], 'mac', OWN[vf])

    def unknown(self):
        vf = self.random.choice(VFS)
        self.model.drops[vf] ^= True
        return self.option(vf, self.model.drops[vf], 'unknown', 'drop')

    def send(self):
        """A frame teaches where its source is."""
        vni, mac = self.key()
        place = self.random.choice(VTEPS + sorted(self.model.members(vni)))
        if self.model.has_mac.get(place) and OWN[place] != mac:
            return None         # The NIC drops it.
        frame = self.make('inner', 'dst=' + BROADCAST, 'src=' + mac)
        port = 'vm%s.wire' % place
        if place in VTEPS:
            port = 'pf0.wire'
            frame = self.make('outer', 'from=' + place, 'to=1.1.2.88',
                              'sport=50000', 'dst=aa:55:aa:55:00:00',
                              'src=02:00:00:00:00:' + place[-2:],
                              'vni=%d' % vni, frame)
        # An address that moves often would be held.
        self.ctl('time/warp', 11000)
        self.ctl('revalidator/wait')
        self.ctl('revalidator/wait')
        self.ctl('netdev-dummy/receive', port, frame)
        self.model.learn(vni, mac, place)
        return 'frame %d %s from %s' % (vni, mac, place)

    # Checks.

    def segment(self, vni):
        try:
            text = self.ctl('hwvxlan/segment-show', vni, '--format=json')
        except control.ControlError:
            return None
        row = json.loads(text)[0]
        return row['macs'], row['vfs'], row['flood']

    def seen(self):
        rows = json.loads(self.ctl('hwvxlan/fdb-show', '--format=json'))
        return sorted((row['vtag'], row['mac'],
                       row.get('vtep') or str(row['port']), row['origin'])
                      for row in rows if row['mac'] != ZEROS)

    def state(self):
        return self.seen(), [self.segment(vni) for vni in VNIS]

    def expected(self):
        entries = self.model.entries()
        return entries, [
            (len({mac for v, mac, _, _ in entries if v == vni}),
             len(self.model.members(vni)), len(self.model.flood[vni]))
            for vni in VNIS]

    def check_state(self):
        end = time.monotonic() + PATIENCE
        while self.state() != self.expected():
            if time.monotonic() > end:
                sys.exit('after %s: there is\n%s\ninstead of\n%s' % (
                    self.what, self.state(), self.expected()))
            time.sleep(0.01)

    def check_frame(self):
        vni = self.random.choice(VNIS)
        place = self.random.choice(VTEPS + sorted(self.model.members(vni)))
        src, dst = (self.random.choice(MACS),
                    self.random.choice(MACS + [BROADCAST]))
        flow = 'udp,dl_src=%s,dl_dst=%s' % (src, dst)
        if place in VTEPS:
            flow += (',in_port=vx,tun_id=%d,tun_src=%s,tun_dst=1.1.2.88'
                     % (vni, place))
        else:
            flow += ',in_port=vm%d' % place
        text = self.ctl('ofproto/trace', '--names', 'br-int', flow)
        actions = re.search('Datapath actions: (.*)', text).group(1)
        outputs = re.findall(r'\bvm(\d)\b', actions)
        outputs = {int(vf) for vf in outputs} | set(re.findall(
            r'tnl_push\(.*?ipv4\(src=[^,]*,dst=([^,]*),.*?vni=0x%x\)' % vni,
            actions))
        expected = self.model.outputs(vni, place, src, dst)
        if outputs != expected or ('tnl_push' in actions) != bool(
                expected & set(VTEPS)):
            sys.exit('after %s: %s: goes to %s instead of %s:\n%s\n%s' % (
                self.what, flow, outputs, expected, text,
                self.model.entries()))

    def run(self, steps):
        done = 0
        self.check_state()
        while done < steps:
            what = self.random.choice(self.steps)()
            if what:
                done += 1
                self.what = 'step %d, %s' % (done, what)
                self.check_state()
                for _ in range(10):
                    self.check_frame()


def main(seed, steps):
    Test(int(seed)).run(int(steps))


if __name__ == '__main__':
    main(*sys.argv[1:])
