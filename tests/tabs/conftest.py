"""Fixtures of the endpoints' tests."""

from pathlib import Path

import pytest
from gradio_client import Client

from tests.running_app import RunningApp, shared_app


@pytest.fixture(scope="session")
def app(request: pytest.FixtureRequest, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> RunningApp:
    """The running app."""
    return shared_app(request.config, cache, lambda: tmp_path_factory.mktemp("app"))


@pytest.fixture(scope="session")
def client(app: RunningApp) -> Client:
    """A caller of its endpoints."""
    return app.client()
