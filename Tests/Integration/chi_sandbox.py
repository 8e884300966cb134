#!/usr/bin/env python3
"""Each type of reservation from the library, on the sandbox: python-chi's of upstream, and Chameleon's own.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/chi_sandbox.py [NAME...]

LeaseStory, ChiLease and Sandbox are beside the command. Where python-chi is (CHI_PYTHON, or chi-python on the PATH), it
reads each lease too.
"""

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from support import runner
from support.blazar_client import BlazarClient
from support.command import CommandCase
from support.lease_story import LeaseStory, UpstreamTypes


class SandboxCase(CommandCase):
    dialect = "upstream"

    def setUp(self):
        super().setUp()
        self.prefix = f"story-{secrets.token_hex(4)}"
        clouds = self.folder / "clouds.yaml"
        self.start(clouds)
        self.environment.update(OS_CLIENT_CONFIG_FILE=str(clouds), OS_CLOUD="user1")
        self.cloud = BlazarClient(clouds, "user1")

    def start(self, clouds):
        program = Path(os.environ["LEASEHOLD"]).with_name("Sandbox")
        process = subprocess.Popen(
            [program, "--dialect", self.dialect, "--write-clouds-yaml", clouds],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for _ in range(200):
            if clouds.exists() and "auth_url" in clouds.read_text():
                return
            self.assertIsNone(process.poll(), "the sandbox has ended")
            time.sleep(0.05)
        self.fail("the sandbox does not answer")


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
