"""Keystone for gunicorn. It parses sys.argv, so gunicorn's own options are removed first."""
import sys

sys.argv = ["keystone"]

from keystone.wsgi.api import application  # noqa: E402,F401
