"""A real browser: Chromium without a window, driven by selenium from PyPI, and axe, which finds what people cannot use."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import pypi


def missing():
    """Why there is no browser; None if there is one."""
    for program, package in (("chromedriver", "chromium-driver"), ("chromium", "chromium")):
        if shutil.which(program) is None:
            return f"{program} is missing (package {package})"
    return None


def with_selenium():
    """Goes on with a Python that has selenium; without a browser, with this one.

    Called before anything else is done: the program starts over.
    """
    if missing() is not None or os.environ.get("LEASEHOLD_SELENIUM") == "1":
        return
    python = pypi.python("selenium")
    os.execve(python, [python, *sys.argv], {**os.environ, "LEASEHOLD_SELENIUM": "1", "PYTHONDONTWRITEBYTECODE": "1"})


#: The rules of axe that depend on colors. All others find the same in each color scheme.
COLOR_RULES = ["color-contrast", "link-in-text-block"]


def axe_source():
    import importlib.util
    [place] = importlib.util.find_spec("axe_playwright_python").submodule_search_locations
    return (Path(place) / "axe.min.js").read_text()


class Browser:
    """A browser window. Close it."""

    def __init__(self, profile):
        from selenium import webdriver
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for option in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
            "--hide-scrollbars", f"--user-data-dir={profile}", "--lang=en-GB",
        ):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"), log_output=subprocess.DEVNULL)
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_page_load_timeout(30)
        self.driver.set_script_timeout(30)
        self.asked = []
        self._axe = axe_source()

    def close(self):
        self.driver.quit()

    def command(self, name, **values):
        """A command of Chrome's own protocol."""
        return self.driver.execute_cdp_cmd(name, values)

    def open(self, address):
        self.driver.get(address)

    def scheme(self, name, media=""):
        """Prefers `light` or `dark`, on a screen or, with the medium `print`, on paper."""
        # Nothing moves, so that colors are the new ones at once.
        features = {"prefers-color-scheme": name, "prefers-reduced-motion": "reduce"}
        self.command(
            "Emulation.setEmulatedMedia", media=media,
            features=[{"name": feature, "value": value} for feature, value in features.items()])

    def resize(self, width, height=900):
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def script(self, is_on):
        self.command("Emulation.setScriptExecutionDisabled", value=not is_on)

    def requests(self):
        """The addresses that the browser asked for since the last call."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        self.asked += found
        return found

    def complaints(self):
        """What the browser's console says: errors of scripts, and what the security policy forbade."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def violations(self, rules=None):
        """What axe finds wrong with the page, by all its rules or by some; one line each."""
        if not self.driver.execute_script("return 'axe' in window"):
            self.driver.execute_script(self._axe)
        options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
        found = self.driver.execute_async_script(
            "const [options, done] = arguments; axe.run(document, options).then(done, e => done({error: String(e)}))",
            options)
        if "error" in found:
            raise AssertionError(found["error"])
        return [
            f"{violation['id']} ({violation['impact']}): {node['html'][:160]} {node['failureSummary'][:160]}"
            for violation in found["violations"] for node in violation["nodes"][:3]]

    def overflow(self):
        """By how many pixels the page is wider than its window."""
        return self.driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def picture(self, path, whole=False):
        """A PNG of the window, or of the whole page."""
        import base64
        shot = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        Path(path).write_bytes(base64.b64decode(shot["data"]))
