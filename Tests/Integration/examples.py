#!/usr/bin/env python3
# needs: nothing
"""Runs every example of the help, in a zone that is not UTC; and how commands declare what they take.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/examples.py [NAME...]

Names, numbers and dates are replaced by some that a sandbox has. The sandbox is the program of that name beside LEASEHOLD.
"""

import datetime
import json
import re
import sys

sys.dont_write_bytecode = True

from support import runner
from support.world import World

#: The leases that examples name, and what they reserve. Leases of other names go again after each example.
LEASES = {
    "mylease": (), "first": ("--fip", "1"), "second": ("--fip", "1"), "third": ("--device", "1,machine_name=jetson-nano"),
    "other": ("--start", "+20d", "--fip", "1"), "import": ("--start", "+21d", "--fip", "1"),
}
#: What the sandbox has in place of what examples name.
SKYLAKE = '["==", "$node_type", "compute_skylake"]'
REPLACED = {
    "gpu_rtx_6000": "compute_skylake", "gpu_p100": "compute_skylake", "gpu_a100": "compute_skylake",
    "gpu.gpu_count=4": "gpu.gpu=True", '[">=", "$gpu.gpu_count", "4"]': SKYLAKE,
    '[">=","$gpu.gpu_count","4"]': SKYLAKE, "--node 2,": "--node 1,", "--count 191": "--count 3", "--count 2": "--count 1",
    "update mylease --start": "update other --start", "amount=2": "amount=1", "max=3": "max=1",
    "--timeout 1d": "--timeout 1s", "--at '2026-03-01 12:00'": "--at now",
}
#: What cannot end with 0 here, and what it says.
REFUSED = {
    "leasehold report su --by site,project": (78, "No site has rates"),
    "leasehold extend mylease --longest": (64, "Nothing that is known limits how long"),
    "leasehold find-slot --type fip": (77, "does not report who holds its reservable floating IPs"),
    "leasehold find-slot --duration 1d --same-window": (64, "needs two sites"),
    "leasehold create vms": (65, "The flavor:instance resource type is not supported"),
    # queue_story.py has a creation whose answer was lost.
    "leasehold queue resolve 13 --adopt": (65, "two creations cannot have become the same lease"),
    "leasehold wait mylease --status terminated": (75, ""),
    # publish.py and pull.py have a PostgreSQL and a web server.
    "leasehold publish postgres leases": (78, "service"),
    "leasehold pull": (69, "cannot be read"),
}
#: Other programs, other tests (device_login.py, oidc.py), and what has no end.
ELSEWHERE = r"^openstack |leasehold log(in|out)|leasehold sync --watch|leasehold top|leasehold web|--every "


class Help(World):
    def commands(self):
        """All commands, as ArgumentParser describes them."""
        def under(command):
            yield command
            for subcommand in command.get("subcommands", ()):
                yield from under(subcommand)
        return list(under(json.loads(self.succeed("--experimental-dump-help").out)["command"]))

    def examples(self):
        """Those of all commands."""
        texts = [command.get("discussion", "").partition("EXAMPLES\n")[2] for command in self.commands()]
        lines = [line for text in texts for line in text.split("\n\n")[0].replace("\\\n", "").splitlines()]
        return list(dict.fromkeys(re.sub(r"\s{2,}", " ", line.strip()) for line in lines))

    def test_declarations(self):
        """What ArgumentParser checks at each start of a debug build only."""
        commands = self.commands()
        self.assertGreater(len(commands), 60)
        for command in commands:
            with self.subTest(command["commandName"]):
                arguments = command.get("arguments", [])
                places = [argument["isRepeating"] for argument in arguments if argument["kind"] == "positional"]
                self.assertFalse(any(places[:-1]), "only the last argument may be repeated")
                names = [(name["kind"], name["name"]) for argument in arguments for name in argument.get("names", [])]
                self.assertEqual(len(names), len(set(names)), f"a name is taken twice: {names}")
                for argument in arguments:
                    if argument["kind"] == "flag":
                        self.assertIn(argument.get("defaultValue"), (None, "false"), "a flag that is on has no effect")

    def test_every_example(self):
        examples = self.examples()
        self.assertGreater(len(examples), 100)
        writes = re.compile(r"leasehold (create|extend|update|delete|wait|keep|queue|history import|pull)\b")
        self.succeed("sync")
        self.made = None
        self.restore()
        self.write_files()
        # What changes anything comes last.
        for line in sorted(examples, key=lambda line: bool(writes.search(line))):
            if re.search(ELSEWHERE, line):
                continue
            with self.subTest(line):
                self.run_example(line)
                if writes.search(line):
                    self.restore()

    def write_files(self):
        """The files that examples read, and the folders that they write into."""
        for folder in (".local/share/bash-completion/completions", ".zfunc", ".config/fish/completions", "colleague", "old"):
            (self.folder / folder).mkdir(parents=True)
        (self.folder / "old.yaml").write_text(self.succeed("show", "first", "-f", "yaml").out)
        for name in ("leases-march.json", "old/leases.json"):
            (self.folder / name).write_text(self.succeed("list", "-a", "-f", "json").out)
        (self.folder / "class.csv").write_text("name,node\nclass-1,1\nclass-2,1\n")
        (self.folder / "rates.csv").write_text("resource_type,node_type,rate\nphysical:host,compute_skylake,1\n")
        (self.folder / "config/leasehold").mkdir(parents=True)
        (self.folder / "config/leasehold/notify.yaml").write_text("channels: {script: {type: command, command: 'true'}}\n")
        for copy in ("colleague.sqlite", "colleague/leasehold.sqlite"):
            self.succeed("db", "backup", self.folder / copy)

    def restore(self):
        """Makes what the example before took away, and takes away what it made."""
        waiting = self.waiting()
        for number in waiting:
            self.run_command("queue", "cancel", str(number))
        there, gone = set(), False
        for lease in self.cloud.leases():
            if lease["name"] in LEASES and (lease["name"] != "mylease" or self.made in (None, lease)):
                there.add(lease["name"])
            else:
                self.cloud.delete(lease["id"])
                gone = True
        if waiting or gone or there != LEASES.keys():
            self.succeed("sync", "--confirm-deletes")
        for name in LEASES.keys() - there:
            self.make(name, *LEASES[name])
        self.made, = self.cloud.leases("mylease")

    def waiting(self):
        """The numbers of the writes that wait."""
        return [row[0] for row in self.query(
            "SELECT id FROM v_queue WHERE state NOT IN ('settled', 'cancelled', 'expired', 'superseded')")]

    def prepare(self, line):
        """Makes what an example needs; gives the lease, the number of the write and the local id that it is to name."""
        lease, = self.cloud.leases("mylease")
        if "queue" in line:
            self.succeed("extend", "mylease", "--by", "1h", "--offline")
        if "queue resolve" in line and "--adopt" not in line:
            # Somebody else has changed it meanwhile.
            end = datetime.datetime.fromisoformat(lease["end_date"]) + datetime.timedelta(minutes=30)
            self.assertEqual(self.cloud.send("PUT", f"/leases/{lease['id']}", {"end_date": f"{end:%Y-%m-%d %H:%M}"})[0], 200)
            self.run_command("sync")
        if "local-" in line:
            self.succeed("create", "draft", "--duration", "1h", "--start", "+30d", "--node", "1", "--offline")
        if "class-" in line:
            self.succeed("create", "class-1", "--duration", "1h", "--start", "+30d", "--node", "1")
        local = next((row["id"] for row in self.rows("list") if row["name"] == "draft"), "") if "local-" in line else ""
        return lease, str(max(self.waiting(), default=0)), local

    def run_example(self, line):
        lease, number, local = self.prepare(line)
        host = next(item["id"] for item in lease["reservations"] if item["resource_type"] == "physical:host")
        network = self.query("SELECT id FROM v_resource WHERE kind = 'network'")[0][0]
        run = line
        for old, new in (*REPLACED.items(), ("5d68f3de-40ed-43b5-91cb-8d834598424c", lease["id"]), ("5d68f3de", lease["id"][:8]),
                         ("7b685470", host[:8]), ("5468a84c", network), ("local-7f3k2mq0xa", local)):
            run = run.replace(old, new)
        run = re.sub(r"(leasehold queue \w+) 1[23]", rf"\1 {number}", run)
        if re.match(r"leasehold (create|extend|update|queue)", run):
            run = self.later(run)
        done = self.shell(run)
        status, words = next((end for start, end in REFUSED.items() if line.startswith(start)), (0, ""))
        self.assertEqual(done.returncode, status, f"{run}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        self.assertIn(words, done.stderr)

    def later(self, text):
        """A text with its dates moved into the future."""
        def move(found):
            days = (datetime.date.fromisoformat(found[0]) - datetime.date(2026, 11, 28)).days
            return f"{datetime.date.today() + datetime.timedelta(days=days):%Y-%m-%d}"
        return re.sub(r"20\d\d-\d\d-\d\d", move, text)


if __name__ == "__main__":
    runner.main()
