"""The dashboard in a real browser: pages open, the slider gives right scores, tables come down."""

import re

import numpy as np
import pandas as pd
import pytest

from seglab.results.table import results_table
from seglab.tracking.reader import read_runs

PAGES = {
    "curves": ("Curves", ".js-plotly-plot"),
    "study": ("Study", "text=No study in this experiment"),
    "run": ("Run", "canvas"),
}
"""Pages that no other test here opens, with a heading and what comes last."""


@pytest.mark.parametrize("path", PAGES)
def test_page_opens(visit, path):
    heading, content = PAGES[path]
    page = visit(path)
    page.get_by_role("heading", name=heading, exact=True).wait_for()
    page.locator(content).first.wait_for()


def expected(seeded, threshold, name="d", inputs="rgb", seed=0):
    """IoU and Dice of a picture with a run, by the definition."""
    predicted = seeded.probability(inputs, seed, name) / 255 >= threshold
    truth = np.asarray(seeded.pictures.mask(name)) == 1
    both = (predicted & truth).sum()
    union = (predicted | truth).sum()
    return f"IoU {both / union:.3f}  Dice {2 * both / (predicted.sum() + truth.sum()):.3f}"


def move(page, value):
    """Drags the slider to a threshold, as far as its events go."""
    page.locator("input[type=range]").evaluate(
        """(slider, place) => {
            slider.value = place;
            slider.dispatchEvent(new Event("input"));
            slider.dispatchEvent(new Event("change"));
        }""",
        round(100 * value) - 1,
    )


def test_slider_moves_the_scores_and_the_address(visit, seeded):
    page = visit("pictures?order=name&picture=d")
    score = page.locator(f"figure[data-run='{seeded.ids['rgb', 0]}'] b")
    score.get_by_text(expected(seeded, 0.5), exact=True).wait_for()
    for threshold in (0.4, 0.77):
        move(page, threshold)
        assert expected(seeded, threshold) != expected(seeded, 0.5)
        score.get_by_text(expected(seeded, threshold), exact=True).wait_for()
        page.wait_for_url(re.compile(rf"threshold={threshold:.2f}"))
    again = visit(page.url.rpartition("/")[2])
    again.locator(f"figure[data-run='{seeded.ids['rgb', 0]}'] b").get_by_text(
        expected(seeded, 0.77), exact=True
    ).wait_for()
    page.go_back()
    score.get_by_text(expected(seeded, 0.4), exact=True).wait_for()
    assert "threshold=0.40" in page.url


def test_colours_of_the_overlay_are_those_of_the_counts(visit, seeded):
    page = visit("pictures?order=name&picture=d&threshold=0.5")
    figure = page.locator(f"figure[data-run='{seeded.ids['rgb', 0]}']")
    figure.locator("b").get_by_text("IoU").wait_for()
    pixels = figure.locator("canvas").evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    red, green, blue = np.array(pixels, float).reshape(-1, 4)[:, :3].T
    predicted = (seeded.probability("rgb", 0, "d") >= 128).ravel()
    truth = (np.asarray(seeded.pictures.mask("d")) == 1).ravel()
    # Hits are tinted green, false alarms red, misses blue; the photo below is noise, hence means.
    assert (green - red)[predicted & truth].mean() > 50
    assert (red - blue)[predicted & ~truth].mean() > 50
    assert (blue - red)[~predicted & truth].mean() > 50


def wait_for_keys(page):
    """Arrow keys are heard by buttons, whose code the browser fetches when it sees the first."""
    for name in ("Previous", "Next"):
        page.get_by_role("button", name=name).wait_for()


def test_arrow_keys_turn_to_the_next_picture(visit):
    page = visit("pictures?order=name&picture=d")
    page.get_by_role("heading", name="Pictures", exact=True).wait_for()
    page.locator("figure canvas").first.wait_for()
    page.get_by_text("Picture 1 of 2").wait_for()
    wait_for_keys(page)
    page.keyboard.press("ArrowRight")
    page.get_by_text("Picture 2 of 2").wait_for()
    page.wait_for_url(re.compile("picture=e"))
    page.keyboard.press("ArrowLeft")
    page.get_by_text("Picture 1 of 2").wait_for()


MARKS = ".scatterlayer .point", ".barlayer .point path"


def test_click_on_a_picture_opens_it_in_the_runs_compared(visit, seeded):
    shown = {"a": ("rgb", 1), "b": ("rgb+guided", 0)}
    asked = "&".join(f"{side}={seeded.ids[run]}" for side, run in shown.items())
    page = visit(f"per_picture?experiment=Default&part=train&{asked}")
    before = page.url
    page.get_by_role("heading", name="Per picture", exact=True).wait_for()
    assert expected(seeded, 0.5, "a") != expected(seeded, 0.5, "b")
    for mark in MARKS:
        marks = page.locator(mark)
        marks.first.wait_for()
        marks.nth(1).hover(force=True)  # the pointer meets a layer for dragging that lies above
        name = page.locator(".hoverlayer text tspan").first.text_content()
        assert name in "ab"
        marks.nth(1).click(force=True)
        page.get_by_role("heading", name="Pictures", exact=True).wait_for()
        for inputs, seed in shown.values():
            score = page.locator(f"figure[data-run='{seeded.ids[inputs, seed]}'] b")
            score.get_by_text(expected(seeded, 0.5, name, inputs, seed), exact=True).wait_for()
        assert page.locator("figure[data-run]").count() == 2
        page.go_back()
        page.get_by_role("heading", name="Per picture", exact=True).wait_for()
        marks.first.wait_for()
        assert page.url == before


def test_back_goes_from_view_to_view(visit, seeded):
    page = visit()
    page.wait_for_url(re.compile("experiment=Default"))
    page.get_by_role("link", name="Pictures", exact=True).click()
    page.wait_for_url(re.compile(f"pictures.*runs={seeded.ids['rgb', 0]}.*picture=."))
    page.get_by_text("Picture 1 of 2").wait_for()
    wait_for_keys(page)
    views = [page.url]
    for number in (2, 1):
        page.keyboard.press("ArrowRight")
        page.get_by_text(f"Picture {number} of 2").wait_for()
        page.wait_for_url(lambda url: url != views[-1])
        views.append(page.url)
    for number, view in zip((2, 1), views[-2::-1], strict=True):
        page.go_back()
        page.get_by_text(f"Picture {number} of 2").wait_for()
        assert page.url == view
    page.go_back()
    page.get_by_role("heading", name="Results", exact=True).wait_for()
    page.go_forward()
    page.get_by_text("Picture 1 of 2").wait_for()
    assert page.url == views[0]


def test_the_experiment_stays_from_page_to_page(visit):
    page = visit("?experiment=other")
    page.get_by_text("The experiment 'other' has no run yet").wait_for()
    page.get_by_role("link", name="Curves", exact=True).click()
    page.get_by_role("heading", name="Curves", exact=True).wait_for()
    page.get_by_text("The experiment 'other' has no run yet").wait_for()
    page.wait_for_url(re.compile("curves.*experiment=other"))


def test_csv_is_the_table_of_report(visit, seeded, monkeypatch, tmp_path):
    page = visit()
    button = page.get_by_role("button", name="CSV", exact=True)
    button.wait_for()
    page.get_by_role("heading", name="Results", exact=True).wait_for()
    page.locator("canvas").first.wait_for()
    with page.expect_download() as download:
        button.click()
    download.value.save_as(tmp_path / "results.csv")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", seeded.uri)
    table = results_table(read_runs("Default")).rows
    assert (tmp_path / "results.csv").read_text() == table.to_csv(index=False)
    assert len(pd.read_csv(tmp_path / "results.csv")) == 2
