# SPDX-License-Identifier: Apache-2.0

"""Which systems can be measured here."""

from ovs import Ours, Stock
from processes import Failure, run as run_command
from testpmd import Testpmd

CLASSES = {kind.title: kind for kind in (Ours, Stock, Testpmd)}
REMEDIES = {
    'ours': 'ovs-vswitchd is not built; this does it: utilities/quickstart '
            'build',
    'stock': 'stock OVS with DPDK is not here; this brings it: apt-get '
             'install openvswitch-switch-dpdk',
    'testpmd': 'dpdk-testpmd is not here; this brings it: apt-get install '
               'dpdk-dev',
}


def find_systems(options, programs, report):
    """The classes of those that can be measured here."""
    found = []
    for title in options.systems:
        reason = why_not(title, getattr(programs, title))
        if reason:
            report.note('%s is not measured: %s' % (title, reason))
        else:
            found.append(CLASSES[title])
    return found


def why_not(title, program):
    if not program:
        return REMEDIES[title]
    if title != Testpmd.title:
        try:
            version = run_command([program, '--version'])
        except (Failure, OSError) as error:
            return str(error)
        if 'DPDK' not in version:
            return program + ' is one without DPDK'
    return None
