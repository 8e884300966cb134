"""A test on the command and the sandbox: a small Blazar in memory, one for each test."""

import os
import secrets
import subprocess
import time
from pathlib import Path

from .blazar_client import BlazarClient
from .command import CommandCase


class SandboxCase(CommandCase):
    """Has a sandbox, its clouds.yaml, and `cloud`, a BlazarClient. The program is next to the command."""

    dialect = "upstream"
    sandbox_options = ()

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
            [program, "--dialect", self.dialect, *self.sandbox_options, "--write-clouds-yaml", clouds],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.sandbox = process
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for _ in range(200):
            if clouds.exists() and "auth_url" in clouds.read_text():
                return
            self.assertIsNone(process.poll(), "the sandbox has ended")
            time.sleep(0.05)
        self.fail("the sandbox does not answer")
