# SPDX-License-Identifier: Apache-2.0

"""How a benchmark says what it finds out: in lines as it goes on, in notes on
what is not as it should be, and in a JSON file."""

import json
import sys

from arguments import fail
from processes import Failure


class Output:
    def __init__(self, json_path):
        self.rows = []          # For the file.
        self.json = None
        if json_path:
            try:
                # pylint: disable=consider-using-with
                self.json = open(json_path, 'w', encoding='ascii')
            except OSError as error:
                fail('--json: cannot write %s: %s'
                     % (json_path, error.strerror))

    def say(self, text):
        print(text, flush=True)

    def note(self, text):
        print('hwvxlan-bench: ' + text, file=sys.stderr, flush=True)

    def attempt(self, title, where, action, *args):
        """Returns what 'action' does, or None if that fails, and says why."""
        try:
            return action(*args)
        except (Failure, OSError) as error:
            self.note('%s, %s: %s' % (where, title, error))
            return None

    def finish(self):
        if self.json:
            with self.json:
                json.dump(self.rows, self.json, indent=1)
                self.json.write('\n')
