#!/usr/bin/env python3
# needs: cloud
"""Each type of reservation from the library, on a real cloud; OpenStack's client and python-chi read each lease too.

Needs tools/devcloud, for python-chi `tools/devcloud up --with-chi`.

usage: eval "$(tools/devcloud env user1)"; LEASEHOLD=.build/debug/leasehold Tests/Integration/chi_library.py [NAME...]
"""

import json
import sys

sys.dont_write_bytecode = True

from support import runner
from support.blazar_client import BlazarClient
from support.lease_story import UpstreamTypes
from support.real_cloud import RealCloudCase


class ChiLibrary(RealCloudCase, UpstreamTypes):
    def setUp(self):
        super().setUp()
        self.cloud = BlazarClient(self.clouds_file, "user1")

    def check(self, lease, held):
        """OpenStack's own clients report the same."""
        self.assert_same(lease, self.blazar("lease", "show", lease["id"]))
        reservation = lease["reservations"][0]["id"]
        addresses = json.loads(
            self.openstack("floating", "ip", "list", "--tags", f"reservation:{reservation}", "-f", "json"))
        self.assertEqual(sorted(item["Floating IP Address"] for item in addresses), held["floating_ips"])
        for flavor in held["flavors"]:
            self.assertEqual(json.loads(self.openstack("flavor", "show", flavor, "-f", "json"))["id"], flavor)


if __name__ == "__main__":
    runner.main()
