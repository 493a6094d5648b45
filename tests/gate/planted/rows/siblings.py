"""Values that are right somewhere else: another host, log group, service or setting than the values lead to."""

from __future__ import annotations

from tests.gate.planted.row import Row

_DATA = "prod-data"
_URL = "resource/aws_secretsmanager_secret_version/database_url/secret_string_wo"
_PASSWORD = "${ephemeral.aws_secretsmanager_random_password.database.random_password}"
_ADDRESS = "${aws_db_instance.database.address}"

_URLS = (
    Row(
        "url-of-another-host",
        "R4.1",
        "The database's URL sends the application, with its password, to another host",
        _DATA,
        _URL,
        f"postgresql://aep:{_PASSWORD}@db.example.net:5432/aep?sslmode=require",
    ),
    Row(
        "url-without-tls",
        "R4.1",
        "The database's URL lets the application connect without TLS",
        _DATA,
        _URL,
        f"postgresql://aep:{_PASSWORD}@{_ADDRESS}:5432/aep?sslmode=disable",
    ),
    Row(
        "url-with-another-address",
        "R4.1",
        "An option of the database's URL overrides its host",
        _DATA,
        _URL,
        f"postgresql://aep:{_PASSWORD}@{_ADDRESS}:5432/aep?sslmode=require&hostaddr=203.0.113.1",
    ),
    Row(
        "url-of-another-database",
        "R4.1",
        "The database's URL names another database and user",
        _DATA,
        _URL,
        f"postgresql://postgres:{_PASSWORD}@{_ADDRESS}:5432/postgres?sslmode=require",
    ),
    Row(
        "password-that-is-no-secret",
        "R0.2",
        "The database's password is its user's name",
        _DATA,
        "resource/aws_db_instance/database/password_wo",
        "${aws_db_instance.database.username}",
    ),
)

ROWS = (*_URLS,)
