#!/usr/bin/env python3
# needs: nothing
"""Which cloud, project, region and address an environment and files lead to, compared with openstacksdk.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/precedence.py [NAME...]

The environments and files are random; PRECEDENCE_SEED and PRECEDENCE_CASES choose others. If the answers differ, the
reason must be one of DIFFERENCES, which docs/clouds.md lists.
"""

import collections
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from support import pypi, runner
from support.command import CommandCase

ORACLE = Path(__file__).resolve().parent / "support" / "sdk_oracle.py"
PROJECT_KEYS = ("project_id", "project_name", "tenant_id", "tenant_name")


class Case:
    """Files in a folder, an environment, and options."""

    def __init__(self, rng, folder):
        self.rng, self.folder = rng, folder
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder / "home"), "LC_ALL": "C.UTF-8",
            "LEASEHOLD_DB": str(folder / "db.sqlite")}
        (folder / "work").mkdir(parents=True)
        (folder / "home").mkdir()
        # The facts about the case, for DIFFERENCES.
        self.facts = set()
        self.clouds = {}
        self.arguments = []
        self.write_files()
        self.set_environment()

    def maybe(self, chance=0.5):
        return self.rng.random() < chance

    # MARK: Files

    def entry(self, name):
        rng, auth, beside = self.rng, {}, {}
        if self.maybe(0.1):
            beside[rng.choice(["profile", "cloud"])] = rng.choice(["binero", "citycloud", "auro", "mine", "no-such"])
        if self.maybe(0.95) and not (beside and self.maybe(0.7)):
            auth["auth_url"] = f"http://{name}.example.org:5000/v3"
        auth |= {"username": f"user-{name}", "password": "secret"}
        for key in rng.sample(PROJECT_KEYS, rng.choice([0, 1, 1, 1, 2])):
            (auth if self.maybe(0.85) else beside)[key] = f"{key}-of-{name}"
        if self.maybe(0.7):
            auth |= {"user_domain_name": "Default", "project_domain_name": "Default"}
        form = rng.randrange(6)
        if form == 0:
            beside["regions"] = [f"{name}-1", {"name": f"{name}-2", "values": {
                "auth": {"auth_url": f"http://second.{name}.example.org:5000/v3"}}}]
        elif form == 1:
            beside["regions"] = [f"{name}-1", "shared"]
        elif form in (2, 3):
            beside["region_name"] = f"{name}-1"
        elif form == 4 and self.maybe(0.3):
            beside["region_name"] = f"{name}-1,{name}-2"
        if self.maybe(0.15):
            auth = {key.replace("_", "-"): value for key, value in auth.items()}
            self.facts.add("dashes")
        return {**beside, "auth": auth}

    def write_files(self):
        rng = self.rng
        places = [self.folder / "work", self.folder / "home/.config/openstack"]
        names = rng.sample(["one", "two", "three"], rng.choice([1, 1, 2, 3]))
        kinds = rng.choice([("good",)] * 6 + [("none", "good")] * 2 + [("good", "good")] * 2 + [
            ("none",), ("empty", "good"), ("broken", "good"), ("broken",), ("empty",)])
        self.kinds = kinds
        for place, kind in zip(places, kinds):
            place.mkdir(parents=True, exist_ok=True)
            file = place / rng.choice(["clouds.yaml", "clouds.yml"])
            if kind == "good":
                entries = {name: self.entry(name) for name in names}
                if not self.clouds:
                    self.clouds = entries
                file.write_text(json.dumps({"clouds": entries}))
            elif kind == "empty":
                file.write_text(rng.choice(["# nothing here\n", "\n---\n"]))
            elif kind == "broken":
                file.write_text("clouds:\n\tone: {}\n")
        if self.maybe(0.2):
            (places[0] / "clouds-public.yaml").write_text(json.dumps({"public-clouds": {"mine": {
                "auth": {"auth_url": "http://mine.example.org:5000/v3"}, "region_name": "mine-1"}}}))
        if self.maybe(0.15) and self.clouds:
            (places[0] / "secure.yaml").write_text(json.dumps({"clouds": {names[0]: {"auth": {
                "password": "other", "project_name": f"secure-{names[0]}"}}}}))

    # MARK: Environment

    def set_environment(self):
        rng, names = self.rng, list(self.clouds)
        environment = {}
        if names and self.maybe(0.75):
            if self.maybe(0.8):
                environment["OS_CLOUD"] = rng.choice([*names, *names, "no-such"] if self.maybe(0.2) else names)
            else:
                self.arguments = ["--os-cloud", rng.choice(names)]
        if self.maybe(0.4):
            environment[rng.choice(["OS_PROJECT_NAME", "OS_PROJECT_ID", "OS_TENANT_NAME"])] = "env-project"
        if self.maybe(0.2):
            environment |= {"OS_PROJECT_DOMAIN_NAME": "env-domain", "OS_USER_DOMAIN_NAME": "env-domain"}
        if self.maybe(0.25):
            known = [environment["OS_CLOUD"]] * 3 if "OS_CLOUD" in environment else names
            environment["OS_REGION_NAME"] = rng.choice(
                ["shared", "env-region", *(f"{name}-{rng.choice([1, 2])}" for name in known for _ in range(3))])
        if self.maybe(0.35):
            environment |= {"OS_AUTH_URL": "http://env.example.org:5000/v3", "OS_USERNAME": "env-user",
                            "OS_PASSWORD": "env-secret"}
            if self.maybe(0.1):
                del environment[rng.choice(["OS_AUTH_URL", "OS_PASSWORD"])]
        self.environment |= environment

    @property
    def named(self):
        return self.arguments[1] if self.arguments else self.environment.get("OS_CLOUD")

    @property
    def meant(self):
        """The entry that is named."""
        return self.clouds.get(self.named, {})


def env(case, *names):
    return any(name in case.environment for name in names)


def entry_has(case, *keys):
    entry = case.meant
    auth = {key.replace("-", "_") for key in entry.get("auth", {})}
    return any(key in auth or key in entry for key in keys)


def sdk_skips(case):
    return "broken" in case.kinds[:1]


#: Why this program's answer may differ: the condition, and what each program then does. As in docs/clouds.md.
DIFFERENCES = {
    "a broken file": lambda case, ours, sdk: sdk_skips(case) and "error" in ours,
    "an empty file": lambda case, ours, sdk: case.kinds[0] == "empty" and len(case.kinds) > 1,
    "variables without OS_AUTH_URL": lambda case, ours, sdk: (
        not case.named and not env(case, "OS_AUTH_URL") and (sdk.get("cloud") == "envvars" or "error" in sdk)),
    "a region that the cloud does not have": lambda case, ours, sdk: (
        "error" in sdk and "not a valid region" in sdk["error"] and case.arguments),
    "a project by name over an id": lambda case, ours, sdk: (
        env(case, "OS_PROJECT_NAME", "OS_TENANT_NAME") and entry_has(case, "project_id", "tenant_id")
        and ours.get("project") == "env-project"),
    "a password that is missing": lambda case, ours, sdk: (
        "OS_PASSWORD is not set" in ours.get("error", "") and sdk.get("cloud") == "envvars"),
    "what the entry lacks": lambda case, ours, sdk: (
        "error" in ours and env(case, "OS_AUTH_URL") and case.named and not entry_has(case, "auth_url")),
    "a profile that is not known": lambda case, ours, sdk: "error" in ours and case.meant.get(
        "profile", case.meant.get("cloud")) in ("mine", "no-such"),
}


class Precedence(CommandCase):
    """The same answer as openstacksdk's, or a documented difference."""

    def ours(self, case):
        """The command's answer."""
        done = subprocess.run(
            [os.environ["LEASEHOLD"], "doctor", "--offline", "-f", "json", *case.arguments], env=case.environment,
            cwd=case.folder / "work", capture_output=True, text=True, timeout=60)
        rows = json.loads(done.stdout)
        # Without a name, the doctor examines all clouds, and says which one is the default.
        steps = ["configuration"] if case.named else ["default cloud"]
        findings = [row for row in rows if row["step"] in steps]
        if not findings:
            return {"error": next(row["message"] for row in rows if row["verdict"] == "failed")}
        # Of several regions, openstacksdk takes the first.
        message = findings[0]["message"]
        if findings[0]["verdict"] != "ok":
            return {"error": message}
        found = re.fullmatch(
            r"\S+ at (?P<url>[^ ,]+)(?:, project (?P<project>[^ ,]+))?(?:, region (?P<region>[^ ,]+))?(?:, by .*)?", message)
        self.assertIsNotNone(found, message)
        return {"cloud": findings[0]["subject"], **found.groupdict()}

    def test_as_openstacksdk(self):
        seed, count = int(os.environ.get("PRECEDENCE_SEED", "7")), int(os.environ.get("PRECEDENCE_CASES", "300"))
        cases = [Case(random.Random(f"{seed}/{number}"), self.folder / str(number)) for number in range(count)]
        asked = [{"environment": case.environment, "folder": str(case.folder / "work"), "arguments": case.arguments}
                 for case in cases]
        done = subprocess.run(
            [pypi.python("openstacksdk"), ORACLE], input=json.dumps(asked), capture_output=True, text=True, check=True)
        tally, wrong = collections.Counter(), []
        for number, (case, sdk) in enumerate(zip(cases, json.loads(done.stdout), strict=True)):
            ours = self.ours(case)
            if self.agree(case, ours, sdk):
                tally["the same error" if "error" in ours else "the same"] += 1
                continue
            reason = next((name for name, holds in DIFFERENCES.items() if holds(case, ours, sdk)), None)
            tally[reason or "unexplained"] += 1
            if reason is None:
                wrong.append(self.describe(number, case, ours, sdk))
        print("     " + ", ".join(f"{name}: {times}" for name, times in tally.most_common()))
        self.assertFalse(wrong, f"{len(wrong)} unexplained:\n" + "\n".join(wrong[:6]))
        self.assertGreater(tally["the same"], count // 3)

    def agree(self, case, ours, sdk):
        if "error" in ours or "error" in sdk:
            return "error" in ours and "error" in sdk
        # The name of the environment's cloud is not shown.
        same_cloud = sdk["cloud"] == "envvars" or ours["cloud"].split("/")[0] == sdk["cloud"]
        return same_cloud and (ours["project"], ours["region"], ours["url"]) == (
            sdk["project"], sdk["region"], (sdk["url"] or "").rstrip("/"))

    def describe(self, number, case, ours, sdk):
        variables = {name: value for name, value in case.environment.items() if name.startswith("OS_")}
        return f"#{number} {case.kinds} {case.arguments} {variables} {case.meant}\n   ours {ours}\n   sdk  {sdk}"


if __name__ == "__main__":
    runner.main()
