"""Blazar's API and manager in one gunicorn worker: oslo.messaging's fake:// transport works only within a process."""
import gettext

gettext.install("blazar")

from devcloud_blazar import application  # noqa: E402,F401  reads blazar.conf, which the lines below need

from blazar.db import api as db_api  # noqa: E402
from blazar.manager import service as manager_service  # noqa: E402
from blazar.notification import notifier  # noqa: E402

# create_all(), which leaves existing tables alone: Blazar's alembic migrations do not run on SQLite.
db_api.setup_db()
notifier.init()
manager = manager_service.ManagerService()
manager.start()
