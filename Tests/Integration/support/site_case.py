"""A test on the command and clouds that execute writes: scripted ones, and sandboxes."""

import datetime
import json
import os
import subprocess
import time
from pathlib import Path

from .blazar_client import BlazarClient
from .command import CommandCase
from .fake_cloud import PASSWORD
from .site_cloud import Keystone, Region

NODE = ("--duration", "1d", "--node", "amount=1")


def short(iso, hours=0):
    """A time of ours or of Blazar's, or this much later, to the minute."""
    moment = datetime.datetime.fromisoformat(iso.replace("Z", "")[:19])
    return f"{moment + datetime.timedelta(hours=hours):%Y-%m-%d %H:%M}"


class SiteCase(CommandCase):
    """Has a Keystone with one region, as cloud `lab`."""

    secrets = (PASSWORD,)

    def setUp(self):
        super().setUp()
        self.environment.update(OS_CLOUD="lab", LEASEHOLD_QUIET_PERIOD_SECONDS="1", LEASEHOLD_TIMEOUT_SECONDS="5")
        self.keystone, self.site = self.start_site()
        self.write_clouds(lab=self.keystone.entry())

    def start_site(self, *names, accounts=None, tls=None, **options):
        """Starts a Keystone, and regions, and returns all of them."""
        keystone = Keystone(accounts, tls=tls)
        self.addCleanup(keystone.end)
        regions = []
        for name in names or ("RegionOne",):
            regions.append(Region(keystone, name, tls=tls, **options))
            self.addCleanup(regions[-1].end)
        return keystone, *regions

    def start_sandbox(self, *options):
        """Starts a sandbox, and returns its clouds.yaml, and user1's other path to it."""
        program = os.environ.get("SANDBOX") or str(Path(os.environ["LEASEHOLD"]).with_name("Sandbox"))
        clouds = self.folder / f"sandbox-{len(list(self.folder.glob('sandbox-*')))}.yaml"
        process = subprocess.Popen(
            [program, "--write-clouds-yaml", clouds, "--action-seconds", "0", *options], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        # It prints its address when it is ready.
        self.assertTrue(process.stdout.readline(), "the sandbox does not answer")
        return clouds, BlazarClient(clouds, "user1")

    def write_clouds(self, **entries):
        """Writes clouds.yaml; JSON is YAML."""
        (self.folder / "clouds.yaml").write_text(json.dumps({"clouds": entries}, indent=2))

    def sync(self, *options, env=None):
        """Syncs, whatever the outcome."""
        return self.run_command("sync", "--no-resources", *options, env=env)

    def calm(self, seconds=12, env=None):
        """Syncs until no write waits any more, and returns those that are left after a time."""
        limit = time.monotonic() + seconds
        while True:
            self.sync(env=env)
            # A write that another site accepted has been executed; only a list of that site settles it.
            left = [row for row in self.rows("queue", "list") if row["state"] != "accepted"]
            if not left or time.monotonic() > limit:
                return left
            time.sleep(0.3)

    def write(self, number=-1):
        """The last write of the queue, or another."""
        return self.rows("queue", "list", "--all")[number]

    def state(self, number=-1):
        return self.write(number)["state"]

    def known(self, name, *options):
        """The rows with a given name in the list."""
        return [row for row in self.rows("list", *options) if row["name"] == name]

    def start(self, *arguments, env=None, preexec=None):
        """Starts the command without waiting for it."""
        process = subprocess.Popen(
            [os.environ["LEASEHOLD"], *map(str, arguments)], env={**self.environment, **(env or {})}, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=preexec)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_until(self, what, seconds=10):
        """Waits until a condition is true."""
        limit = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), limit, "it has not come to that")
            time.sleep(0.02)

    def refuse(self, *arguments, status=(64, 65, 77), words=(), **options):
        """Runs the command, which must end with an error that contains all the words."""
        result = self.run_command(*arguments, **options)
        self.assertIn(result.status, status, str(result))
        for word in words:
            self.assertRegex(result.err, word, str(result))
        return result
