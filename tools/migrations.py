"""Walks every migration forward, back to nothing and forward again, on a scratch database.

A migration that cannot be undone is found here rather than on the night of a failed upgrade.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import postgres

ROOT = Path(__file__).resolve().parent.parent
WALK = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

def run(*arguments):
    call_command("migrate", *arguments, verbosity=0, interactive=False)

apps = sorted({app for app, _ in MigrationLoader(connection).disk_migrations})
run()
for app in apps:
    run(app, "zero")
left = set(connection.introspection.table_names()) - {"django_migrations"}
assert not left, f"tables are left after going back to nothing: {sorted(left)}"
run()
print(f"The migrations of {len(apps)} apps go forward, back and forward again.")
"""


def main() -> int:
    """0 when the whole walk works; otherwise the migration's own words and 1."""
    with (
        postgres.scratch("tocsin-migrations") as server,
        tempfile.TemporaryDirectory(prefix="tocsin-migrations-data-") as data,
    ):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", WALK],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": server.url(),
                "DJANGO_SETTINGS_MODULE": "tocsin.settings",
                "TOCSIN_DATA_DIR": data,
            },
            check=False,
        )
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
