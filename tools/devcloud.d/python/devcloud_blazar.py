"""Blazar's API for gunicorn: the blazar-api script of 18.0.0 exits at once."""
import sys

sys.argv = ["blazar-api"]

from blazar.wsgi.api import application  # noqa: E402,F401
