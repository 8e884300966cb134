"""A test on the command and a scripted cloud."""

import json

from .command import CommandCase
from .fake_cloud import PASSWORD, TOKEN, FakeCloud, lease


class FakeCloudCase(CommandCase):
    """Has a cloud `lab` in clouds.yaml."""

    secrets = (PASSWORD, TOKEN)

    def setUp(self):
        super().setUp()
        self.cloud = self.start_cloud()
        self.write_clouds(lab=self.cloud.entry())
        self.environment["OS_CLOUD"] = "lab"

    def start_cloud(self, *arguments, **options):
        cloud = FakeCloud(*arguments, **options)
        self.addCleanup(cloud.close)
        return cloud

    def write_clouds(self, **entries):
        """Writes clouds.yaml; JSON is YAML."""
        (self.folder / "clouds.yaml").write_text(json.dumps({"clouds": entries}, indent=2))

    def seed(self, count=10):
        """Gives the cloud this number of leases, syncs them, and returns the contents of the mirror."""
        self.cloud.leases = [lease(number) for number in range(count)]
        self.succeed("sync")
        self.assertEqual(self.query("SELECT count(*) FROM lease WHERE gone IS NULL"), [(count,)])
        return self.mirror()
