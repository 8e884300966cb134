"""A site on which the lines of documents and of the help can be run."""

import time
from pathlib import Path

from .sandbox import SandboxCase
from .screen import Screen


class World(Screen, SandboxCase):
    """A site with leases of the names that documents use."""

    dialect = "chameleon"
    sandbox_options = ("--open-inventory", "--action-seconds", "0")

    def setUp(self):
        super().setUp()
        self.environment["TZ"] = "Asia/Kolkata"
        clouds = Path(self.environment["OS_CLIENT_CONFIG_FILE"])
        user1 = clouds.read_text().split("  user1:\n")[1].split("  user2:\n")[0]
        clouds.write_text("clouds:\n" + "".join(
            f"  {name}:\n{user1}" for name in ("user1", "chi_uc", "chi_tacc", "chi_edge")))

    #: A node and a device that the site has.
    NODE_AND_DEVICE = ("--node", "1,node_type=compute_skylake", "--device", "1,machine_name=raspberrypi4-64")

    def make(self, name, *words):
        """Makes a lease: with a node and a device, if nothing else is said. Waits until it runs, if it does now."""
        self.succeed("create", name, "--duration", "1d", "--os-cloud", "user1", *(words or self.NODE_AND_DEVICE))
        wanted = "PENDING" if "--start" in words else "ACTIVE"
        deadline = time.monotonic() + 60
        while {lease["status"] for lease in self.cloud.leases(name)} != {wanted}:
            self.assertLess(time.monotonic(), deadline, f"{name} does not become {wanted}")
            time.sleep(0.05)
        self.succeed("sync")
