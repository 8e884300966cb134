"""Nova's compute API for gunicorn, without gunicorn's options in sys.argv."""
import sys

sys.argv = ["nova-api"]

from nova.wsgi.osapi_compute import application  # noqa: E402,F401
