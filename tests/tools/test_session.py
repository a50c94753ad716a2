"""What every test session stands on."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_the_session_has_a_database_of_its_own() -> None:
    """Its own, or the one that DATABASE_URL named; never one that happens to be there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT inet_server_port()")
        assert cursor.fetchone() == (urlsplit(os.environ["DATABASE_URL"]).port,)
    assert connection.settings_dict["NAME"].startswith("test_")


def test_the_session_has_a_data_directory_of_its_own() -> None:
    assert os.environ["TOCSIN_DATA_DIR"] == str(settings.DATA_DIR)
    assert settings.DATA_DIR.name.startswith("tocsin-tests-")
    assert settings.DATA_DIR != Path.cwd() / ".data"
