# SPDX-License-Identifier: Apache-2.0

"""A slow model of segments: who says what about addresses, and where a frame
goes therefore.

A segment is named by the option that puts a VF into it ("vni=1", "vlan=7").  A
place is a VF, the IP address of a VTEP, or UPLINK, where other VFs of a VLAN
are."""

UPLINK = 'uplink'
ORIGINS = 'static', 'config', 'learned'


def is_group(mac):
    return int(mac[:2], 16) & 1


class Segments:
    """The strongest word about an address is options:mac of a VF, then
    hwvxlan/fdb-add, the database, and what was seen.  Others stay underneath
    and are in force when the stronger one has gone."""

    def __init__(self, vfs):
        self.vtag = dict.fromkeys(vfs)      # VF: its segment.
        self.mac = {}                       # VF: options:mac.
        self.drops = set()                  # VFs with options:unknown=drop.
        self.static = {}                    # (segment, MAC): place.
        self.config = {}
        self.learned = {}
        self.flood = {}                     # Segment: VTEPs.

    # What changes it.

    def join(self, vf, vtag):
        self.forget(vf)
        self.vtag[vf] = vtag
        if not vtag:
            self.drops.discard(vf)

    def own_mac(self, vf, mac):
        self.forget(vf)
        self.mac.pop(vf, None)
        if mac:
            self.mac[vf] = mac

    def unknown(self, vf, drops):
        self.drops.discard(vf)
        if drops:
            self.drops.add(vf)

    def add_static(self, vtag, mac, vtep):
        self.static[vtag, mac] = vtep

    def del_static(self, vtag, mac):
        del self.static[vtag, mac]

    def set_config(self, vtag, vteps):
        """'vteps' is {MAC: VTEP}."""
        self.config = {key: vtep for key, vtep in self.config.items()
                       if key[0] != vtag}
        self.config.update({(vtag, mac): vtep for mac, vtep in vteps.items()})

    def set_flood(self, vtag, vtep, there):
        flood = self.flood.setdefault(vtag, set())
        flood.discard(vtep)
        if there:
            flood.add(vtep)

    def forget(self, vf):
        """What was learned behind it."""
        self.learned = {key: place for key, place in self.learned.items()
                        if place != vf}

    def apply(self, changes):
        """Each change is [name of a method above, arguments...]."""
        for name, *args in changes:
            getattr(self, name)(*args)

    # What it says.

    def is_local(self, place):
        return place in self.vtag

    def is_spoofed(self, place, src):
        """Does the NIC drop a frame with this source at once?"""
        return self.mac.get(place, src) != src

    def members(self, vtag):
        return {vf for vf, its in self.vtag.items() if its == vtag}

    def origins(self, vtag, mac):
        """[(origin, place)], the one in force first."""
        found = [('local', vf) for vf in sorted(self.mac)
                 if self.vtag[vf] == vtag and self.mac[vf] == mac]
        return found + [(origin, getattr(self, origin)[vtag, mac])
                        for origin in ORIGINS
                        if (vtag, mac) in getattr(self, origin)]

    def trunks(self, vtag):
        """Where a frame to nobody in particular goes besides VFs."""
        return ({UPLINK} if vtag.startswith('vlan')
                else self.flood.get(vtag, set()))

    def outputs(self, vtag, place, src, dst):
        """Where a frame that comes from 'place' goes, if it teaches nothing."""
        if is_group(src):
            return set()
        known = self.origins(vtag, src)
        if known and known[0][0] != 'learned' and known[0][1] != place:
            return set()        # Configuration has it elsewhere.
        known = self.origins(vtag, dst)
        if known and not is_group(dst):
            to = {known[0][1]}
        elif place in self.drops and not is_group(dst):
            to = set()
        else:
            to = self.members(vtag) | self.trunks(vtag)
        if not self.is_local(place):
            to = {one for one in to if self.is_local(one)}
        return to - {place}

    def send(self, vtag, place, src, dst):
        """The same for a frame that teaches where its source is, which nobody
        knows before it has gone."""
        to = self.outputs(vtag, place, src, dst)
        if not is_group(src):
            self.learn(vtag, src, place)
        return to

    def learn(self, vtag, mac, place):
        """Not about what another origin has."""
        if all(origin == 'learned' for origin, _ in self.origins(vtag, mac)):
            self.learned[vtag, mac] = place
