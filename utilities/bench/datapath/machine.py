# SPDX-License-Identifier: Apache-2.0

"""The programs and CPUs of this machine, and a directory that goes away."""

import contextlib
import glob
import itertools
import os
import re
import shutil
import tempfile

from processes import Failure

# That of the source tree, or the prefix that we are installed below.
ROOTS = [os.path.join(os.path.dirname(os.path.realpath(__file__)), up)
         for up in ('../../..', '../../../..')]
STOCK = '/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk'
SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema'


class Programs:
    """Paths, or None where there is no such program."""

    def __init__(self, options):
        self.ours = options.ovs_vswitchd or find_ours()
        self.stock = options.stock or (STOCK if is_program(STOCK) else None)
        self.testpmd = options.testpmd or shutil.which('dpdk-testpmd')
        self.probe = getattr(options, 'probe', None)
        self.build = None
        self.schema = SCHEMA
        # The Makefile of our build knows which OVS it was linked with.
        makefile = os.path.join(os.path.dirname(self.ours or ''),
                                '../Makefile')
        if self.ours and os.path.exists(makefile):
            with open(makefile, encoding='utf-8') as file:
                text = file.read()
            self.build = re.search(r'^OVS_BUILD = (.*)', text, re.M).group(1)
            source = re.search(r'^OVS_SRC = (.*)', text, re.M).group(1)
            self.schema = source + '/vswitchd/vswitch.ovsschema'

    def tool(self, name):
        """The path of a program of OVS's other than ovs-vswitchd."""
        if self.build:
            folder = 'ovsdb' if name.startswith('ovsdb') else 'utilities'
            return os.path.join(self.build, folder, name)
        path = shutil.which(name)
        if not path:
            raise Failure('there is no %s; this brings it: apt-get install '
                          'openvswitch-switch' % name)
        return path


def find_ours():
    candidates = [build + '/vswitchd/ovs-vswitchd' for build in (
        os.environ.get('HWVXLAN_BUILD'), ROOTS[0] + '/_build') if build]
    for pattern in ('/lib/*/openvswitch-hwvxlan/ovs-vswitchd',
                    '/lib/openvswitch-hwvxlan/ovs-vswitchd'):
        candidates += glob.glob(ROOTS[1] + pattern)
    return next((os.path.realpath(path) for path in candidates
                 if is_program(path)), None)


def is_program(path):
    return os.path.isfile(path) and os.access(path, os.X_OK)


class Machine:
    def __init__(self, options, directory):
        self.programs = Programs(options)
        self.options = options
        self.directory = directory
        self.cpus = options.cpus        # That poll.
        every = os.sched_getaffinity(0)
        self.others = every - set(self.cpus) or every
        self.numbers = itertools.count()

    def eal_options(self, megabytes=None):
        memory = (['--in-memory'] if self.options.hugepages
                  else ['--legacy-mem', '--no-huge'])
        return ['--no-pci', *memory, '-m',
                str(megabytes or self.options.memory)]

    @contextlib.contextmanager
    def new_directory(self):
        """Names are short, as those of sockets have to be."""
        path = os.path.join(self.directory, str(next(self.numbers)))
        os.mkdir(path)
        try:
            yield path
        finally:
            shutil.rmtree(path)


def make_directory():
    return tempfile.TemporaryDirectory(prefix='hwvxlan-bench.')
