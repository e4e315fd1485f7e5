"""The dashboard in a real browser: pages open, the slider gives right scores, tables come down."""

import re

import numpy as np
import pandas as pd
import pytest

from seglab.results.table import results_table
from seglab.tracking.reader import read_runs

PAGES = {
    "": ("Results", "canvas"),
    "curves": ("Curves", ".js-plotly-plot"),
    "pictures": ("Pictures", "figure canvas"),
    "per_picture": ("Per picture", ".js-plotly-plot"),
    "study": ("Study", "text=No study in this experiment"),
    "run": ("Run", "canvas"),
}


@pytest.mark.parametrize("path", PAGES)
def test_page_opens(visit, path):
    heading, content = PAGES[path]
    page = visit(path)
    page.get_by_role("heading", name=heading, exact=True).wait_for()
    page.locator(content).first.wait_for()
    assert page.get_by_text("Traceback").count() == 0
    assert page.get_by_text("This page failed").count() == 0


def expected(seeded, threshold, name="d", inputs="rgb"):
    """IoU and Dice of a picture with the first run of some inputs, by the definition."""
    predicted = seeded.probability(inputs, 0, name) / 255 >= threshold
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


def test_arrow_keys_turn_to_the_next_picture(visit):
    page = visit("pictures?order=name&picture=d")
    page.locator("figure canvas").first.wait_for()
    page.get_by_text("Picture 1 of 2").wait_for()
    page.keyboard.press("ArrowRight")
    page.get_by_text("Picture 2 of 2").wait_for()
    page.wait_for_url(re.compile("picture=e"))
    page.keyboard.press("ArrowLeft")
    page.get_by_text("Picture 1 of 2").wait_for()


@pytest.mark.parametrize("mark", [".scatterlayer .point", ".barlayer .point path"])
def test_click_on_a_picture_opens_it(visit, seeded, mark):
    page = visit("per_picture?part=train")
    marks = page.locator(mark)
    marks.first.wait_for()
    marks.nth(1).hover(force=True)  # the pointer meets a layer for dragging that lies above
    name = page.locator(".hoverlayer text tspan").first.text_content()
    assert name in "ab"
    marks.nth(1).click(force=True)
    page.get_by_role("heading", name="Pictures", exact=True).wait_for()
    assert expected(seeded, 0.5, "a") != expected(seeded, 0.5, "b")
    for inputs in ("rgb", "rgb+guided"):
        score = page.locator(f"figure[data-run='{seeded.ids[inputs, 0]}'] b")
        score.get_by_text(expected(seeded, 0.5, name, inputs), exact=True).wait_for()
    assert page.locator("figure[data-run]").count() == 2


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
    with page.expect_download() as download:
        button.click()
    download.value.save_as(tmp_path / "results.csv")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", seeded.uri)
    table = results_table(read_runs("Default")).rows
    assert (tmp_path / "results.csv").read_text() == table.to_csv(index=False)
    assert len(pd.read_csv(tmp_path / "results.csv")) == 2
