"""Packages from PyPI, each in a separate environment that is kept between runs."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

#: The versions with which the tests were written.
VERSIONS = {
    "icalendar": "7.3.0", "pandas": "3.1.1", "datasette": "0.65.5", "openstacksdk": "4.22.0", "duckdb": "2.0.1",
    "pyarrow": "26.0.1", "selenium": "4.51.0",
}

#: What else is in the environment of a package, without what it would need to run: only its files are used.
FILES = {"selenium": ["axe-playwright-python==0.1.8"]}


def python(package):
    """A Python that has the package."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "leasehold-tests" / f"{package}-{VERSIONS[package]}-{sys.version_info.major}.{sys.version_info.minor}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        subprocess.run(
            [folder / "bin" / "python", "-m", "pip", "install", "--quiet", f"{package}=={VERSIONS[package]}"], check=True)
        for files in FILES.get(package, ()):
            subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", files], check=True)
        (folder / "complete").touch()
    return folder / "bin" / "python"
