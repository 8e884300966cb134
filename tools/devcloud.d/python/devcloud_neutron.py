"""Neutron for gunicorn, without gunicorn's options in sys.argv."""
import sys

sys.argv = ["neutron-api"]

from neutron.wsgi.api import application  # noqa: E402,F401
