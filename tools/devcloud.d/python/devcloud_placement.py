"""Placement for gunicorn, without gunicorn's options in sys.argv."""
import sys

sys.argv = ["placement-api"]

from placement.wsgi.api import application  # noqa: E402,F401
