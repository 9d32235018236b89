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
import segments                         # noqa: E402

VNIS = ['vni=5001', 'vni=5002']
VFS = ['vm1', 'vm2', 'vm3', 'vm4']
ROAMING = VFS[2:]
VTEPS = ['1.1.2.92', '1.1.2.93']
ZEROS = '00:00:00:00:00:00'
BROADCAST = 'ff:ff:ff:ff:ff:ff'
OWN = {vf: '50:54:00:00:00:f' + vf[-1] for vf in VFS}   # With options:mac.
MACS = ['50:54:00:00:00:0%s' % n for n in 'abcd'] + [OWN[vf] for vf in ROAMING]
PATIENCE = 60                   # Seconds.


def number(vni):
    return int(vni[4:])


class Test:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.model = segments.Segments(VFS)
        for vf, vni in zip(VFS, VNIS):
            self.model.join(vf, vni)
        self.ctl = control.UnixCtl(os.path.abspath(
            glob.glob('ovs-vswitchd.*.ctl')[0]))
        self.what = 'the start'
        self.steps = [self.add_static, self.del_static, self.set_config,
                      self.flood, self.roam, self.own_mac, self.unknown,
                      self.send, self.send]
        self.vsctl('set', 'interface', 'vm1', 'options:' + VNIS[0],
                   '--', 'set', 'interface', 'vm2', 'options:' + VNIS[1])

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
            self.ctl('hwvxlan/fdb-add', number(vni), mac, vtep)
            self.model.add_static(vni, mac, vtep)
            return 'static %s %s %s' % (vni, mac, vtep)

    def del_static(self):
        if self.model.static:
            vni, mac = self.random.choice(sorted(self.model.static))
            self.ctl('hwvxlan/fdb-del', number(vni), mac)
            self.model.del_static(vni, mac)
            return 'no static %s %s' % (vni, mac)

    def set_config(self):
        vni = self.random.choice(VNIS)
        macs = self.random.sample(MACS, self.random.randrange(3))
        vteps = {mac: self.random.choice(VTEPS) for mac in macs}
        self.model.set_config(vni, vteps)
        text = ','.join('%s=%s' % item for item in vteps.items())
        key = 'fdb-%d' % number(vni)
        if text:
            self.vsctl('set', 'interface', 'vx',
                       'other_config:%s="%s"' % (key, text))
        else:
            self.vsctl('remove', 'interface', 'vx', 'other_config', key)
        return 'other_config:%s=%s' % (key, text)

    def flood(self):
        vni = self.random.choice(VNIS)
        vtep = self.random.choice(VTEPS)
        there = vtep not in self.model.flood.get(vni, ())
        verb = 'add' if there else 'del'
        self.ctl('hwvxlan/fdb-' + verb, number(vni), ZEROS, vtep)
        self.model.set_flood(vni, vtep, there)
        return 'flood %s %s %s' % (verb, vni, vtep)

    def roam(self):
        vf = self.random.choice(ROAMING)
        vni = self.random.choice(VNIS + [None])
        if vni == self.model.vtag[vf]:
            return None
        self.model.join(vf, vni)
        if vni:
            self.vsctl('set', 'interface', vf, 'options:' + vni)
        else:
            self.vsctl('remove', 'interface', vf, 'options', 'vni')
        return '%s to %s' % (vf, vni)

    def option(self, vf, is_set, key, value):
        if is_set:
            self.vsctl('set', 'interface', vf,
                       'options:%s="%s"' % (key, value))
        else:
            self.vsctl('remove', 'interface', vf, 'options', key)
        return '%s %s %s' % (vf, key, is_set)

    def own_mac(self):
        vf = self.random.choice(ROAMING)
        new = None if vf in self.model.mac else OWN[vf]
        self.model.own_mac(vf, new)
        return self.option(vf, new, 'mac', new)

    def unknown(self):
        vf = self.random.choice(VFS)
        drops = vf not in self.model.drops
        self.model.unknown(vf, drops)
        return self.option(vf, drops, 'unknown', 'drop')

    def send(self):
        """A frame teaches where its source is."""
        vni, mac = self.key()
        place = self.random.choice(VTEPS + sorted(self.model.members(vni)))
        if self.model.is_spoofed(place, mac):
            return None         # The NIC drops it.
        frame = self.make('inner', 'dst=' + BROADCAST, 'src=' + mac)
        port = '%s.wire' % place
        if place in VTEPS:
            port = 'pf0.wire'
            frame = self.make('outer', 'from=' + place, 'to=1.1.2.88',
                              'sport=50000', 'dst=aa:55:aa:55:00:00',
                              'src=02:00:00:00:00:' + place[-2:],
                              'vni=%d' % number(vni), frame)
        # An address that moves often would be held.
        self.ctl('time/warp', 11000)
        self.ctl('revalidator/wait')
        self.ctl('revalidator/wait')
        self.ctl('netdev-dummy/receive', port, frame)
        self.model.learn(vni, mac, place)
        return 'frame %s %s from %s' % (vni, mac, place)

    # Checks.

    def segment(self, vni):
        try:
            text = self.ctl('hwvxlan/segment-show', number(vni),
                            '--format=json')
        except control.ControlError:
            return None
        row = json.loads(text)[0]
        return row['macs'], row['vfs'], row['flood']

    def seen(self):
        rows = json.loads(self.ctl('hwvxlan/fdb-show', '--format=json'))
        return sorted(('vni=%d' % row['vtag'], row['mac'],
                       row.get('vtep') or 'vm%d' % row['port'], row['origin'])
                      for row in rows if row['mac'] != ZEROS)

    def state(self):
        return self.seen(), [self.segment(vni) for vni in VNIS]

    def expected(self):
        entries = sorted((vni, mac, place, origin)
                         for vni in VNIS for mac in MACS for origin, place
                         in self.model.origins(vni, mac))
        return entries, [
            (len({mac for v, mac, _, _ in entries if v == vni}),
             len(self.model.members(vni)),
             len(self.model.flood.get(vni, ()))) for vni in VNIS]

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
                     % (number(vni), place))
        else:
            flow += ',in_port=' + place
        text = self.ctl('ofproto/trace', '--names', 'br-int', flow)
        actions = re.search('Datapath actions: (.*)', text).group(1)
        outputs = set(re.findall(r'\bvm\d\b', actions)) | set(re.findall(
            r'tnl_push\(.*?ipv4\(src=[^,]*,dst=([^,]*),.*?vni=0x%x\)'
            % number(vni), actions))
        expected = self.model.outputs(vni, place, src, dst)
        if outputs != expected or ('tnl_push' in actions) != bool(
                expected & set(VTEPS)):
            sys.exit('after %s: %s: goes to %s instead of %s:\n%s\n%s' % (
                self.what, flow, outputs, expected, text,
                self.expected()))

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
