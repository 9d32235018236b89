# SPDX-License-Identifier: Apache-2.0

"""Makes cases with many more flows than the NIC has room for, of which some
have far more packets than others, and not always the same: so flows move in
and out of the NIC all the while."""

import rules
import traffic

ENTRIES = 64                    # Of the NIC's flow table.
FLOWS = 100                     # In each direction, about.
FRAMES = 120                    # Of a step.
FAR_MACS = ['50:54:00:00:01:%02x' % n for n in range(60)]


def fill(rng, case, world):
    """Adds rules for each of many addresses behind tunnels: what goes there is
    a flow of each VF, and what comes from there is another."""
    for address in FAR_MACS:
        rules.add(case, 'br-int', 0, 50, {'dl_dst': address},
                  rules.tunnel_output(rng, rng.choice(case['tunnels'])))
        rules.add(case, 'br-int', 0, 40, {'dl_src': address},
                  ['output:%d' % rng.randrange(1, 5)])
    rules.add_underlay(rng, case, world)


def random_flows(rng, case, world):
    """Returns frames, each of which stands for a flow."""
    found = []
    for _ in range(FLOWS):
        n = rng.randrange(1, 5)
        data, fields, _ = traffic.random_frame(
            rng, case, [traffic.VM_MACS[n - 1]], FAR_MACS)
        port = 'vm%d' % n
        found.append(traffic.make(port, data,
                                  fields and dict(fields, in_port=port)))
        data, fields, _ = traffic.random_frame(rng, case, FAR_MACS,
                                               traffic.VM_MACS)
        outer = traffic.random_outer(rng, case, rng.choice(case['tunnels']))
        found.append(traffic.wrapped(rng.choice(world['pfs']), *outer, data,
                                     fields))
    return found


def some(rng, flows):
    """Returns frames of 'flows' by Zipf's law: whose are the most is a matter
    of chance each time."""
    weights = [1 / (rank + 1) for rank in range(len(flows))]
    rng.shuffle(weights)
    return rng.choices(flows, weights, k=FRAMES)
