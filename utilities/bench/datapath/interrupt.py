# SPDX-License-Identifier: Apache-2.0

"""What a signal to end does: whoever was started is ended, and files go."""

import signal
import sys

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def interrupted(number, _frame):
    """Cleans up, undisturbed."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    print('hwvxlan-bench: interrupted', file=sys.stderr)
    sys.exit(128 + number)


def catch():
    for each in SIGNALS:
        signal.signal(each, interrupted)
