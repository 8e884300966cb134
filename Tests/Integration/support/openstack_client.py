"""OpenStack's own client, loaded once for many commands: loading it takes longer than most commands.

As a module, it is what tests use; as a program, run with the client's own Python, it loads the client and runs each
command in a process of its own (fork).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile


class OpenStackClient:
    """Runs `openstack`; one process for all tests of a program."""

    _shared = None

    @classmethod
    def shared(cls):
        if cls._shared is None:
            cls._shared = cls()
        return cls._shared

    def __init__(self):
        with open(shutil.which("openstack")) as script:
            python = script.readline().removeprefix("#!").strip()
        self._process = subprocess.Popen(
            [python, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, arguments, environment):
        """Runs a command; returns a `subprocess.CompletedProcess` with its output as text."""
        request = {"arguments": arguments, "environment": dict(environment)}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return subprocess.CompletedProcess(["openstack", *arguments], answer["status"], answer["out"], answer["err"])


def carry_out(request, shell):
    """Runs one command in a child process, and returns its status and output."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                os.environ.clear()
                os.environ.update(request["environment"])
                status = shell.main(request["arguments"])
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 1
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status or 0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
        return {"status": status, "out": texts[0], "err": texts[1]}


def main():
    from openstackclient import shell

    sys.argv[0] = "openstack"
    for line in sys.stdin:
        print(json.dumps(carry_out(json.loads(line), shell)), flush=True)


if __name__ == "__main__":
    main()
