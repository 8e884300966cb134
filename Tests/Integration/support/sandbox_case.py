"""A test on the command and the sandbox. Each test has its own cloud."""

import json
import os
import subprocess
import time
from pathlib import Path

from .blazar_client import BlazarClient
from .command import CommandCase
from .scripted_proxy import ScriptedProxy


class SandboxCase(CommandCase):
    """Has a running sandbox, its clouds.yaml, and a second way to it."""

    dialect = "upstream"

    def setUp(self):
        super().setUp()
        # Built next to the command, unless SANDBOX names another path.
        program = os.environ.get("SANDBOX") or str(Path(os.environ["LEASEHOLD"]).parent / "Sandbox")
        clouds = self.folder / "clouds.yaml"
        self.sandbox = subprocess.Popen(
            [program, "--port", "0", "--write-clouds-yaml", str(clouds), "--dialect", self.dialect],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.stop_sandbox)
        deadline = time.monotonic() + 30
        while not clouds.exists() or "auth_url" not in clouds.read_text():
            if self.sandbox.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{program} did not start")
            time.sleep(0.05)
        self.environment.update(OS_CLIENT_CONFIG_FILE=str(clouds), OS_CLOUD="user1", LEASEHOLD_QUIET_PERIOD_SECONDS="2")
        self.cloud = BlazarClient(clouds, "user1")

    def put_proxy_before(self):
        """Puts a proxy in front of the sandbox that does what the test tells it to."""
        keystone = self.cloud.auth_url
        proxy = ScriptedProxy(keystone, self.cloud.endpoint)
        self.addCleanup(proxy.close)
        self.addCleanup(proxy.release)
        entry = json.loads(json.dumps(self.cloud.entry))
        entry["auth"]["auth_url"] = keystone.replace(keystone.split("/identity")[0], proxy.origin)
        entry["reservation_endpoint_override"] = proxy.origin + "/v1"
        # JSON is YAML.
        path = self.folder / "proxied.yaml"
        path.write_text(json.dumps({"clouds": {"user1": entry}}))
        self.environment["OS_CLIENT_CONFIG_FILE"] = str(path)
        return proxy

    def stop_sandbox(self):
        self.sandbox.terminate()
        self.sandbox.wait(timeout=30)

    def start(self, *arguments):
        """Starts the command without waiting for it."""
        return subprocess.Popen(
            [os.environ["LEASEHOLD"], *arguments], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
