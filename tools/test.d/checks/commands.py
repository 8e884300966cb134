"""The command line of tools/test, and the order of its steps."""
from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from . import programs
from .passed import Passed
from .steps import Run, Step

DESCRIPTION = """\
Checks and tests everything that needs no cloud:
  1. install libsqlite3-dev if it is missing (apt); nothing else is installed
  2. tools/lint and its self-test
  3. a build in .build-test that treats warnings as errors and requires every import to be a declared dependency
  4. all tests of the package, and 500 seeds of the simulation
  5. the programs in Tests/Integration that need no cloud: they run the command against scripted servers. The one that
     installs the package runs where CI=true only, or by name: --only package (as root)
Steps run in parallel where possible. A table at the end shows how long each step took."""

EPILOG = """\
examples:
  tools/test                       before submitting a change
  tools/test --quick               while you work: step 4 without the simulation, in your own build (.build), for the
                                   modules that have changed since they passed
  tools/test --filter QueueRules   only the tests whose name contains this
  tools/test --only hostile        one program of Tests/Integration, with the existing build
  tools/test --cloud               everything that continuous integration runs

The first run builds the dependencies, which takes most of its time: five to ten minutes on two cores."""


def main(root: Path) -> int:
    parser = argparse.ArgumentParser(
        prog="tools/test", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true",
        help="run only the tests of the package, without the simulation, and not again what has passed with the same files")
    parser.add_argument("--again", action="store_true", help="with --quick: also what has passed with the same files")
    parser.add_argument("--filter", metavar="NAME", help="run only the tests of the package whose name contains NAME")
    parser.add_argument(
        "--only", metavar="PROGRAM", action="append", default=[], help="run only this program of Tests/Integration")
    parser.add_argument(
        "--cloud", action="store_true",
        help="also run the other programs of Tests/Integration, on tools/devcloud, which is started in parallel, and "
        "stopped at the end unless it was running before")
    options = parser.parse_args()
    if options.again and not options.quick:
        parser.error("--again goes with --quick")
    for program, why in (("swift", "install Swift 6.2 or newer from swift.org"),):
        if shutil.which(program) is None:
            print(f"tools/test: {program} is needed: {why}", file=sys.stderr)
            return 69
    try:
        known = programs.find(root)
    except programs.Undeclared as error:
        print(f"tools/test: {error}", file=sys.stderr)
        return 1
    for name in options.only:
        if name.removesuffix(".py") not in {program.name for program in known}:
            parser.error(f"there is no program {name}; there are {', '.join(program.name for program in known)}")
    subprocess.run([root / "tools/sqlite-headers"], check=True)
    with ExitStack() as stack:
        return Plan(root, options, known, stack).run()


@dataclass(frozen=True)
class Cloud:
    """A cloud of tools/devcloud: the option that chooses it, and what else `up` is asked for."""

    variant: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()


CLOUDS = {
    "cloud": Cloud(extras=("--with-chi", "--with-oidc")),
    "second cloud": Cloud(("--second",)),
    "small cloud": Cloud(("--lite",)),
}

#: The build of a whole run has a folder of its own, so that it and the one for debugging do not undo each other's work. It is
#: a release build: in a debug build ArgumentParser checks every option of a command several times at each start, which takes
#: longer than all else that most commands do (Tests/Integration/examples.py checks them once). Only two modules are
#: optimized (Package.swift): optimizing the rest would take longer than it saves. Emitting a module in the job that compiles
#: it, and linking with lld, both save time.
WHOLE = [
    "--scratch-path", ".build-test", "--explicit-target-dependency-import-check", "error", "-c", "release",
    "-debug-info-format", "none", "-Xcc", "-O0", "-Xcxx", "-O0",
    *(word for flag in ("-Onone", "-enable-testing", "-num-threads", "2", "-no-emit-module-separately-wmo", "-use-ld=lld")
      for word in ("-Xswiftc", flag)),
]

#: The step that builds everything but the tests of the package.
PROGRAMS = "build of the programs"

#: One more than CI's processor cores, because most programs spend part of their time waiting.
WORKERS = 3

#: The programs on a cloud run one after the other and take longest, so the others make way for them and for the cloud.
BESIDE_CLOUD = 5


class Plan:
    """The steps, and what they share."""

    def __init__(self, root: Path, options: argparse.Namespace, known: list[programs.Program], stack: ExitStack):
        self.root, self.options, self.known, self.stack = root, options, known, stack
        self.is_whole = not (options.quick or options.filter or options.only)
        self.flags: list[str] = []
        #: With --quick: which modules passed before, and which ones each step tests.
        self.passed = Passed(root, root / ".build/passed-tests.json") if options.quick else None
        self.tested: dict[str, list[str]] = {}
        if self.is_whole:
            os.environ["LEASEHOLD_STRICT"] = "1"
            self.flags = WHOLE
        show = ["swift", "build", *self.flags, "--show-bin-path"]
        self.binaries = subprocess.run(
            show, cwd=root, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1]
        self.cloud_environments: dict[str, dict[str, str]] = {}

    def run(self) -> int:
        for cloud in self._clouds():
            self._keep_as_it_was(cloud)
        run = Run(self._steps(), workers=WORKERS, directory=str(self.root))

        def interrupted(number: int, frame: object) -> None:
            run.stop()
            sys.exit(128 + number)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, interrupted)
        passed = run.run()
        if self.passed is not None:
            self.passed.add(name for step in run.steps if step.status == 0 for name in self.tested.get(step.name, ()))
        print(run.table())
        failed = [step.name for step in run.steps if step.status != 0]
        if failed:
            print(f"tools/test: failed: {', '.join(failed)}", file=sys.stderr)
        print(f"{len(run.steps) - len(failed)} passed, {len(failed)} failed")
        return 0 if passed else 1

    # MARK: Steps

    def _steps(self) -> list[Step]:
        build = Step("build", ["swift", "build", "--build-tests", *self.flags], lane="build", is_vital=True)
        if self.options.only and not self.options.cloud:
            return [build, *(self._alone(program) for program in self._chosen() if program.runs_alone)]
        steps = [build]
        if self.options.cloud:
            # The programs on a cloud take longest, and need no test of the package: they begin before those are built.
            steps.insert(0, Step(PROGRAMS, ["swift", "build", *self.flags], lane="build", is_vital=True))
            build.after = (PROGRAMS,)
        steps += self._cloud_steps()
        if not self.options.only:
            steps += self._tests()
        if self.is_whole:
            steps.insert(0, Step("lint", ["tools/lint"], lane="build"))
            steps.insert(1, Step("self-test of lint", ["tools/lint", "--self-test"], lane="build"))
            simulate = [f"{self.binaries}/Simulate", "--seeds", "500", "--jobs", "1"]
            steps.append(Step("simulation", simulate, ("build",), nice=BESIDE_CLOUD))
        if self.is_whole or self.options.only:
            steps += [self._alone(program) for program in self._chosen() if program.runs_alone]
        if self.options.cloud:
            for program in self._chosen():
                if program.runs_on_cloud:
                    steps += self._on_cloud(program)
        return steps

    def _clouds(self) -> list[str]:
        """The clouds that the chosen programs run on."""
        wanted = {program.cloud for program in self._chosen() if program.runs_on_cloud and self.options.cloud}
        return [cloud for cloud in CLOUDS if cloud in wanted]

    def _cloud_steps(self) -> list[Step]:
        """A cloud waits for the network more than for a processor, so it is ready when the build is."""
        steps: list[Step] = []
        for cloud in self._clouds():
            wanted = CLOUDS[cloud]
            # In CI a cloud starts empty.
            action = "reset" if os.environ.get("CI") == "true" else "up"
            # One after the other: they install packages.
            after = (steps[-1].name,) if steps else ()
            command = ["tools/devcloud", action, *wanted.variant, *wanted.extras]
            steps.append(Step(cloud, command, after, lane=cloud, is_vital=True))
        return steps

    def _tests(self) -> list[Step]:
        """The tests of the package. Those that keep every thread busy would starve those with real connections, which
        have time limits, so each kind has a process of its own."""
        # `swift test` would load the package again, and two of them at once get in each other's way.
        test = [f"{self.binaries}/leaseholdPackageTests.xctest", "--testing-library", "swift-testing"]
        if self.options.filter:
            return [Step("tests", [*test, "--filter", self.options.filter], ("build",), nice=BESIDE_CLOUD)]
        connections, simulation = "OpenStackClientTests", "SimulationTests"
        steps = [
            # These come first, with the priority of a cloud, and only some at a time: all of them at once would wait for a
            # processor longer than their time limits.
            Step(
                "tests of connections",
                [*test, "--filter", connections, "--experimental-maximum-parallelization-width", "12"], ("build",)),
            Step("tests", [*test, "--skip", connections, "--skip", simulation], ("build",), nice=BESIDE_CLOUD),
            Step("tests of simulation", [*test, "--filter", simulation], ("build",), nice=BESIDE_CLOUD),
        ]
        return self._unpassed(steps[:2], connections, simulation) if self.passed is not None else steps

    def _unpassed(self, steps: list[Step], connections: str, simulation: str) -> list[Step]:
        """The steps of a quick run, for those modules only that have not passed with the files as they are."""
        assert self.passed is not None
        modules = [name for name in self.passed.present if name != simulation]
        due = [name for name in modules if self.options.again or not self.passed.has(name)]
        spared = [name for name in modules if name not in due]
        if spared:
            print(f"passed before with the same files, so not run again (--again does): {', '.join(spared)}", flush=True)
        self.tested = {steps[0].name: [connections], steps[1].name: [name for name in due if name != connections]}
        for name in self.tested[steps[1].name]:
            steps[1].command += ["--filter", f"^{name}[.]"]
        return [step for step in steps if set(self.tested[step.name]) & set(due)]

    def _chosen(self) -> list[programs.Program]:
        names = {name.removesuffix(".py") for name in self.options.only}
        if names:
            return [program for program in self.known if program.name in names]
        # Installing packages changes the machine: only CI does it unasked.
        is_free = os.environ.get("CI") == "true"
        return [program for program in self.known if is_free or not program.changes_machine]

    def _environment(self) -> dict[str, str]:
        """What every program gets: the path of the command, without the caller's own clouds."""
        return {"LEASEHOLD": f"{self.binaries}/leasehold"}

    def _alone(self, program: programs.Program) -> Step:
        command = ["env", "-u", "OS_CLIENT_CONFIG_FILE", "-u", "OS_CLOUD", str(program.path)]
        return Step(program.name, command, ("build",), environment=self._environment, nice=BESIDE_CLOUD)

    def _on_cloud(self, program: programs.Program) -> list[Step]:
        arguments = [str(program.path)]
        if program.has_cloud_part:
            arguments.append("RealCloud")
        if program.name != "differential":
            return [self._cloud_step(f"{program.name} on a {program.cloud}", arguments, program.cloud)]
        # These two compare the sandbox with the cloud.
        both = 'exec "$0" --left "$SANDBOX_CLOUDS" --right "$OS_CLIENT_CONFIG_FILE" "$@"'
        return [
            self._cloud_step("differential", ["bash", "-c", both, *arguments], program.cloud),
            self._cloud_step(
                "differential, at random", ["bash", "-c", both, *arguments, "--random", "600", "--seed", "11"],
                program.cloud),
        ]

    def _cloud_step(self, name: str, command: list[str], cloud: str) -> Step:
        return Step(name, command, (PROGRAMS, cloud), lane=cloud, environment=lambda: self._on_cloud_environment(cloud))

    def _on_cloud_environment(self, cloud: str) -> dict[str, str]:
        """A cloud in OS_CLOUD and OS_CLIENT_CONFIG_FILE; on the second one, which is asked for in its lane only, a
        sandbox too."""
        if cloud not in self.cloud_environments:
            script = f'eval "$(tools/devcloud env {" ".join(CLOUDS[cloud].variant)} user1)" && env -0'
            output = subprocess.run(["bash", "-c", script], cwd=self.root, check=True, capture_output=True, text=True).stdout
            known = dict(line.split("=", 1) for line in output.split("\0") if "=" in line)
            self.cloud_environments[cloud] = {**known, **(self._start_sandbox() if cloud == "second cloud" else {})}
        return {**self.cloud_environments[cloud], **self._environment()}

    # MARK: What runs beside them

    def _keep_as_it_was(self, cloud: str) -> None:
        variant = CLOUDS[cloud].variant
        state = subprocess.run(
            [self.root / "tools/devcloud", "status", *variant], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        # 0: it was running, 4: a part of it was. Whoever started it still wants it.
        if state not in (0, 4):
            self.stack.callback(subprocess.run, [self.root / "tools/devcloud", "down", *variant])

    def _start_sandbox(self) -> dict[str, str]:
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        clouds = folder / "clouds.yaml"
        log = self.stack.enter_context(open(folder / "log", "w+"))
        sandbox = subprocess.Popen(
            [f"{self.binaries}/Sandbox", "--port", "0", "--write-clouds-yaml", str(clouds)], stdout=log, stderr=log)
        self.stack.callback(sandbox.wait)
        self.stack.callback(sandbox.kill)
        for _ in range(600):
            found = re.search(r"https?://[0-9.]+:[0-9]+\S*", clouds.read_text()) if clouds.exists() else None
            if found:
                return {"SANDBOX_KEYSTONE": found[0], "SANDBOX_CLOUDS": str(clouds)}
            if sandbox.poll() is not None:
                break
            time.sleep(0.1)
        log.seek(0)
        raise RuntimeError(f"the sandbox did not start: {log.read()}")
