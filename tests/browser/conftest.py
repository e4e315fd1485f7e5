"""The real app, served over a seeded store, and a real browser to look at it."""

import pytest
from mlflow import MlflowClient

from tests.browser.serving import CHROMIUM, serving_dashboard
from tests.dashboards.seeded import Seeded


@pytest.fixture(scope="session")
def seeded(empty_database, tmp_path_factory):
    found = Seeded(tmp_path_factory.mktemp("browsed"), empty_database)
    MlflowClient(found.uri).create_experiment("other")
    return found


@pytest.fixture(scope="session")
def address(seeded):
    """Address of the dashboard over the seeded store."""
    with serving_dashboard(seeded) as found:
        yield found


@pytest.fixture(scope="session")
def context(tmp_path_factory):
    """Chromium, as this machine has it, with one profile on the disk for all tests.

    What the app is made of is fetched and compiled once then.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: `apt-get install chromium`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu"],
            viewport={"width": 1400, "height": 1100},
            reduced_motion="reduce",
        )
        context.set_default_timeout(120_000)
        yield context
        context.close()


@pytest.fixture
def visit(context, address):
    """Opens an address of the app; whatever it or its scripts raise fails the test."""
    errors, pages = [], []

    def go(path=""):
        page = context.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}/{path}")
        return page

    yield go
    for page in pages:
        for fault in ("Traceback", "This page failed"):
            assert page.get_by_text(fault).count() == 0
        page.close()
    assert errors == []
