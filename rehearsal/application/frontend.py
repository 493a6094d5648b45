"""`python -m rehearsal.application.frontend`: the frontend's task, a page that loads."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flask import Flask
from markupsafe import escape

from rehearsal.application.serving import serve

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Notes</title></head>
<body><h1>Notes</h1><p>This is {stage}.</p><p><a href="/api/notes">All notes</a></p></body>
</html>
"""


def frontend(environ: Mapping[str, str]) -> Flask:
    """The application."""
    app = Flask(__name__)

    @app.get("/")
    def page() -> str:
        return PAGE.format(stage=escape(environ.get("APP_ENV", "")))

    return app


if __name__ == "__main__":
    serve(frontend(os.environ))
