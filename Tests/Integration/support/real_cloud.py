"""A test on the command and the real cloud of tools/devcloud, through OpenStack's own client."""

import datetime
import json
import os
import re
import secrets
import time
from pathlib import Path

from .blazar_client import BlazarClient
from .command import CommandCase
from .openstack_client import OpenStackClient

UTC = datetime.timezone.utc


def moment(text):
    """A time of OpenStack's client in the form of leasehold's JSON."""
    return re.sub(r"^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?$", r"\1T\2Z", text) if isinstance(text, str) else text


def objects(text):
    """The JSON objects that OpenStack's client joins in one field."""
    decoder, found, text = json.JSONDecoder(), [], text.strip()
    while text:
        item, end = decoder.raw_decode(text)
        found.append(item)
        text = text[end:].lstrip()
    return found


def minute(seconds_from_now):
    """A minute in Blazar's own form, this number of seconds from now or a little earlier."""
    return (datetime.datetime.now(UTC) + datetime.timedelta(seconds=seconds_from_now)).strftime("%Y-%m-%d %H:%M")


class RealCloudCase(CommandCase):
    """Has devcloud's clouds.yaml and `openstack`, and deletes the leases it creates, however a test ends."""

    def setUp(self):
        super().setUp()
        file = os.environ.get("OS_CLIENT_CONFIG_FILE")
        if not file or not os.environ.get("OS_CLOUD"):
            self.skipTest("no cloud: run eval \"$(tools/devcloud env user1)\" first")
        self.clouds_file = Path(file)
        self.environment.update(OS_CLIENT_CONFIG_FILE=file, OS_CLOUD="user1")
        self.secrets = tuple(re.findall(r"(?:password|secret): *['\"]?([^'\"\s]+)", self.clouds_file.read_text()))
        self.prefix = f"mirror-{secrets.token_hex(4)}"
        self.administrator = BlazarClient(self.clouds_file, "admin")
        self.addCleanup(self.delete_new, {lease["id"] for lease in self.administrator.leases()})
        self.keep_a_lease()

    def delete_new(self, known):
        """Deletes all leases of the cloud but the known ones: what stays would hold hosts that the next test wants.

        Blazar refuses while a lease starts or ends, which takes it some seconds. Nobody else may use the cloud meanwhile.
        """
        ends = time.monotonic() + 120
        self.administrator.log_in()
        while new := [lease for lease in self.administrator.leases() if lease["id"] not in known]:
            if time.monotonic() > ends:
                raise AssertionError(f"these leases stay: {', '.join(lease['name'] for lease in new)}")
            for lease in new:
                self.administrator.delete(lease["id"])
            time.sleep(1)

    def keep_a_lease(self):
        """Keeps a lease in the project that no test touches, because a list that is suddenly empty is not believed."""
        cloud = BlazarClient(self.clouds_file, "user1")
        status, answer = cloud.send("POST", "/leases", {
            "name": f"kept-{secrets.token_hex(4)}", "start_date": minute(700 * 86400), "end_date": minute(701 * 86400),
            "reservations": [{"resource_type": "virtual:dummy", "amount": 1}], "events": []})
        if status != 201:
            raise AssertionError(f"POST /leases: {status} {answer}")

    def openstack(self, *arguments, cloud="user1", check=True):
        """Runs OpenStack's own client, and returns its standard output."""
        done = OpenStackClient.shared().run(["--os-cloud", cloud, *arguments], self.environment)
        if check and done.returncode != 0:
            raise AssertionError(f"openstack {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def blazar(self, *arguments, cloud="user1"):
        """The JSON that `openstack reservation ... -f json` prints."""
        return json.loads(self.openstack("reservation", *arguments, "-f", "json", cloud=cloud))

    def make_lease(self, name, start, end, *reservations, cloud="user1"):
        """Creates a lease, and returns its id."""
        options = [part for text in reservations for part in ("--reservation", text)]
        # The client prints its own remarks before the JSON.
        out = self.openstack("reservation", "lease", "create", f"{self.prefix}-{name}", "--start-date", start,
                             "--end-date", end, *options, "-f", "json", cloud=cloud)
        return json.loads(out[out.index("{"):])["id"]

    def settled(self, lease, cloud="user1"):
        """What OpenStack's client shows of a lease, once its status is no longer a transitional one."""
        for _ in range(30):
            shown = self.blazar("lease", "show", lease, cloud=cloud)
            if shown["status"] in ("PENDING", "ACTIVE", "TERMINATED", "ERROR"):
                return shown
            time.sleep(1)
        raise AssertionError(f"{lease} stays {shown['status']}")

    def sync(self, *options):
        """Syncs, and returns the output.

        If others also use the cloud, enough of their leases may go at once to require a confirmation.
        """
        result = self.run_command("sync", *options)
        if result.status == 65 and "--confirm-deletes" in result.err:
            again = self.succeed("sync", "--confirm-deletes", *options)
            again.out = result.out + again.out
            return again
        self.assertEqual(result.status, 0, str(result))
        return result

    def assert_same(self, mine, theirs):
        """Every field of the lease, of its reservations and of its events is the same in both."""
        for parts in ("reservations", "events"):
            here = {part["id"]: part for part in mine[parts]}
            there = {part["id"]: part for part in objects(theirs[parts])}
            self.assertEqual(set(here), set(there))
            for identifier, part in there.items():
                self.assertEqual(here[identifier], {key: moment(value) for key, value in part.items()})
        for key, value in theirs.items():
            if key not in ("reservations", "events"):
                self.assertEqual(mine[key], moment(value), key)
