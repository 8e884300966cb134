#!/usr/bin/env python3
# needs: nothing
"""Each type of reservation from the library, on the sandbox: upstream python-chi's types, and Chameleon's own.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/chi_sandbox.py [NAME...]

LeaseStory, ChiLease and Sandbox are next to the command. If python-chi is available (CHI_PYTHON, or chi-python on the
PATH), it reads each lease too.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from support import runner
from support.lease_story import LeaseStory, UpstreamTypes
from support.sandbox import SandboxCase


class Upstream(SandboxCase, UpstreamTypes):
    def test_example_makes_one_lease_however_often_it_runs(self):
        program = Path(os.environ["LEASEHOLD"]).with_name("ChiLease")
        for _ in range(2):
            done = subprocess.run(
                [program], env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
            for words in ("Status: ACTIVE", "Floating IP: 203.0.113.", "my-lease  ACTIVE"):
                self.assertIn(words, done.stdout)
        self.assertEqual(len(self.cloud.leases("my-lease")), 1)


class Chameleon(SandboxCase, LeaseStory):
    dialect = "chameleon"

    def test_networks(self):
        self.tell("network", "network", (0, 0))

    def test_devices(self):
        self.tell("device", "device", (0, 0))


if __name__ == "__main__":
    runner.main()
