# SPDX-License-Identifier: Apache-2.0

"""Processes that are started, watched, stopped for a while, and ended, by
their ids.  None outlives us."""

import ctypes
import os
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
GRACE = 10                      # Seconds to end after a SIGTERM.
SOON = 1                        # Seconds.


class Failure(Exception):
    """What was to be measured cannot be; says why."""


def wait(what, condition, seconds, process=None):
    """Returns what 'condition' does as soon as that is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if process:
            process.check()
        if time.monotonic() > end:
            raise Failure('waited %d s in vain for %s' % (seconds, what))
        time.sleep(.05)
    return value


class Process:
    """Runs on 'cpus', with its output in the file 'log'."""

    def __init__(self, command, log, cpus, env=None):
        self.name = os.path.basename(command[0])
        self.log = log
        with open(log, 'wb') as output:
            # A pipe, as testpmd ends when there is nothing to read any more.
            self.popen = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output,
                stderr=subprocess.STDOUT, env=dict(os.environ, **(env or {})),
                preexec_fn=lambda: self.become(cpus))

    @staticmethod
    def become(cpus):
        """In the child: a terminal's signals are for us, and SIGKILL, which
        we could not pass on, is passed on by the kernel."""
        os.setsid()
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.sched_setaffinity(0, cpus)

    def check(self):
        if self.popen.poll() is not None:
            raise Failure('%s ended: %s' % (self.name, self.last_words()))

    def check_soon(self):
        """Where it has closed a socket: it may be about to end."""
        try:
            self.popen.wait(SOON)
        except subprocess.TimeoutExpired:
            return
        self.check()

    def last_words(self):
        """DPDK says the cause, and then that it closes its devices."""
        lines = self.output().splitlines()
        causes = [line.strip() for line in lines if 'Cause: ' in line]
        return (causes or lines or ['it said nothing'])[-1]

    def output(self):
        with open(self.log, encoding='utf-8', errors='replace') as file:
            return file.read()

    def pause(self):
        self.popen.send_signal(signal.SIGSTOP)

    def resume(self):
        self.popen.send_signal(signal.SIGCONT)

    def end(self):
        self.popen.send_signal(signal.SIGTERM)
        self.resume()
        try:
            self.popen.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        self.popen.stdin.close()

    def thread_on(self, cpu, names):
        """The id of the thread that runs on that CPU only and whose name begins
        with one of 'names', if there is one."""
        folder = '/proc/%d/task' % self.popen.pid
        for thread in os.listdir(folder):
            try:
                with open('%s/%s/comm' % (folder, thread),
                          encoding='utf-8') as file:
                    name = file.read()
                if (name.startswith(names)
                        and os.sched_getaffinity(int(thread)) == {cpu}):
                    return int(thread)
            except (FileNotFoundError, ProcessLookupError):
                pass            # It has ended.
        return None

    def schedule(self, thread):
        """For how many seconds that thread has run, and for how many it was
        ready to and others had its CPU."""
        with open('/proc/%d/task/%d/schedstat' % (self.popen.pid, thread),
                  encoding='ascii') as file:
            ran, waited = file.read().split()[:2]
        return int(ran) / 1e9, int(waited) / 1e9


def run(command, seconds=60, env=None):
    """Runs a command that is expected to succeed, and returns what it
    says."""
    name = os.path.basename(command[0])
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=seconds, check=False, text=True,
            env=dict(os.environ, **(env or {})))
    except subprocess.TimeoutExpired as error:
        raise Failure('gave up %s after %d s' % (name, seconds)) from error
    if done.returncode:
        lines = done.stdout.splitlines()
        raise Failure('%s failed: %s' % (name, lines[-1] if lines else
                                         'status %d' % done.returncode))
    return done.stdout
