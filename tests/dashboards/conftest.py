"""A seeded store for all tests of the dashboard, and the app over it."""

from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from seglab.results.config import DATA_DIR, UI
from tests.dashboards.seeded import Seeded

APP = Path(__file__).parents[2] / "dashboards" / "app.py"
# AppTest asks at each run which installed packages bring components, a tenth of a second's work.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture(scope="session")
def seeded(empty_database, tmp_path_factory):
    return Seeded(tmp_path_factory.mktemp("seeded"), empty_database)


@pytest.fixture
def store(seeded, no_run, monkeypatch):
    """The seeded store, in the environment."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", seeded.uri)
    monkeypatch.setenv(DATA_DIR, str(seeded.data_dir))
    monkeypatch.setenv(UI, "http://mlflow.example")
    return seeded


@pytest.fixture
def toured():
    """Opens pages of the app one after the other; none of them shows a traceback."""

    def tour(pages, **query):
        app = AppTest.from_file(APP, default_timeout=120)
        for page in ("results", *(page for page in pages if page != "results")):
            if page != "results":
                app.switch_page(f"views/{page}.py")
            app.query_params.update(query if page in pages else {})
            app.run()
            assert not app.exception, [error.value for error in app.exception]
            assert not app.error, [error.value for error in app.error]
            if page in pages:
                yield page, app

    return tour


@pytest.fixture
def opened(toured):
    """Opens one page at an address."""

    def open_page(page="results", **query):
        ((_, app),) = toured([page], **query)
        return app

    return open_page
