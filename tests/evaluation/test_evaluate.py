"""A prepared folder of pictures through evaluation, with a network whose answers are known."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from seglab.data.config import PrepareConfig
from seglab.data.decode import read_image, read_mask, write_png
from seglab.data.inputs import parse_inputs
from seglab.data.prepare import prepare
from seglab.errors import ConfigError
from seglab.evaluation.config import EvaluateConfig
from seglab.evaluation.evaluate import evaluate, summary, worst_to_best

CPU = torch.device("cpu")
THRESHOLDS = (0.4, 0.5, 0.6)
HEIGHT, WIDTH = 40, 50
# Pictures of a part with the columns of the mask (10 in all) that the picture shows in red.
SHOWN = {"train": {"a": 10, "b": 5}, "val": {"c": 10}, "test": {"d": 10, "e": 0, "f": 5, "g": 5}}
NAMES = {part: list(shown) for part, shown in SHOWN.items()}


def red(columns, value=255):
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:, 10 : 10 + columns, 0] = value
    image[..., 2] = 77
    return image


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("study")
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, 10:20] = 255
    for part, shown in SHOWN.items():
        for name, columns in shown.items():
            write_png(root / "images" / f"{name}.png", red(columns))
            write_png(root / "masks" / f"{name}.png", mask)
        (root / f"{part}.txt").write_text("\n".join(shown))
    data_dir = tmp_path_factory.mktemp("data")
    return prepare(PrepareConfig(dataset="folder", data_dir=str(data_dir), source=str(root)))


class Echo(nn.Module):
    """Probability 0.9 or 0.1 of an object where a channel of the input is bright or dark."""

    def __init__(self, channel=0):
        super().__init__()
        self.channel = channel
        self.seen = set()

    def forward(self, x):
        self.seen.add(tuple(x.shape[1:]))
        bright = x[:, self.channel : self.channel + 1] > 0.5
        return torch.where(bright, 0.9, 0.1).logit()


def score(pictures, folder, network=None, inputs="rgb", maps=None, names=NAMES, drawn=2):
    return evaluate(
        network or Echo(),
        pictures,
        names,
        parse_inputs(inputs),
        32,
        maps,
        THRESHOLDS,
        drawn,
        folder,
        CPU,
        "fp32",
    )


@pytest.fixture(scope="module")
def evaluated(pictures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    return score(pictures, folder), folder


def test_one_row_a_picture_and_threshold_in_order(evaluated):
    rows, _ = evaluated
    expected = [
        (part, name, threshold)
        for part, names in NAMES.items()
        for name in names
        for threshold in THRESHOLDS
    ]
    assert list(zip(rows["part"], rows["image"], rows["threshold"], strict=True)) == expected
    assert list(rows) == [
        "image", "part", "threshold", "tp", "fp", "fn", "tn", "iou", "dice", "margin",
            "height", "width",
    ]  # fmt: skip
    found = rows[rows["threshold"] == 0.5].set_index("image")
    assert found.loc["b", "tp"] == found.loc["b", "fn"] == 5 * HEIGHT
    assert found["iou"].tolist() == [1, 0.5, 1, 1, 0, 0.5, 0.5]
    assert (rows[["tp", "fp", "fn", "tn"]].sum(axis=1) == HEIGHT * WIDTH).all()


def test_rows_are_kept_as_parquet(evaluated):
    rows, folder = evaluated
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "per_image.parquet"), rows)


def test_maps_and_masks_are_kept_as_png(evaluated):
    _, folder = evaluated
    for part, shown in SHOWN.items():
        for name, columns in shown.items():
            objects = red(columns)[..., 0] > 0
            stored = read_image(folder / "probabilities" / part / f"{name}.png")
            # 255 · 0.9 = 229.5 and 255 · 0.1 = 25.5, up to the rounding of fp32.
            assert np.isin(stored[..., 0][objects], (229, 230)).all()
            assert np.isin(stored[..., 0][~objects], (25, 26)).all()
            path = folder / "masks" / part / f"{name}.png"
            np.testing.assert_array_equal(read_mask(path), objects)
            assert set(np.unique(read_image(path))) <= {0, 255}


def test_scores_follow_from_the_stored_maps_alone(evaluated, pictures):
    rows, folder = evaluated
    for row in rows.itertuples():
        stored = read_image(folder / "probabilities" / row.part / f"{row.image}.png")[..., 0]
        objects, truth = stored / 255 >= row.threshold, pictures.mask(row.image) == 1
        assert row.iou == (objects & truth).sum() / (objects | truth).sum()


def test_drawn_are_the_worst_and_the_best_and_those_between(evaluated, pictures, tmp_path):
    rows, folder = evaluated
    assert worst_to_best(rows, "test") == ["e", "f", "g", "d"]
    drawn = folder / "figures"
    assert {str(path.relative_to(drawn)) for path in drawn.rglob("*.png")} == {
        "train_sorted.png", "val_sorted.png", "test_sorted.png",
        "train/a.png", "train/b.png", "val/c.png", "test/e.png", "test/d.png",
    }  # fmt: skip
    score(pictures, tmp_path, names={"test": NAMES["test"]}, drawn=3)
    assert {path.stem for path in (tmp_path / "figures" / "test").iterdir()} == {"e", "g", "d"}


def test_no_pictures_drawn_is_fine(pictures, tmp_path):
    score(pictures, tmp_path, names={"val": ["c"]}, drawn=0)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["val_sorted.png"]


@pytest.mark.parametrize(("inputs", "channels"), [("guided", 1), ("rgb+guided", 4)])
def test_the_network_sees_rgb_first_and_its_pictures_map(pictures, tmp_path, inputs, channels):
    maps = {name: np.full((HEIGHT, WIDTH), 255 * (name == "a"), np.uint8) for name in "ab"}
    network = Echo(channel=channels - 1)
    rows = score(
        pictures, tmp_path, network, inputs, maps.__getitem__, names={"train": NAMES["train"]}
    )
    assert network.seen == {(channels, 32, 32)}
    predicted = rows.set_index(["image", "threshold"])[["tp", "fp"]].sum(axis=1)
    assert predicted["a", 0.5] == HEIGHT * WIDTH
    assert predicted["b", 0.5] == 0


def test_summary_is_mean_and_population_deviation_at_the_tables_threshold(evaluated):
    rows, _ = evaluated
    values = summary(rows)
    ious, dices = [1, 0, 0.5, 0.5], [1, 0, 2 / 3, 2 / 3]
    assert list(values) == [
        f"evaluation/{part}/{score}{suffix}"
        for part in ("train", "val", "test")
        for score in ("iou", "dice")
        for suffix in ("", "_std")
    ]
    assert values["evaluation/test/iou"] == np.mean(ious) == 0.5
    assert values["evaluation/test/iou_std"] == np.sqrt(0.125)
    assert values["evaluation/test/dice"] == pytest.approx(np.mean(dices))
    assert values["evaluation/test/dice_std"] == pytest.approx(np.std(dices))
    assert values["evaluation/val/iou_std"] == 0


def test_a_progress_bar_counts_pictures(pictures, tmp_path, capsys):
    score(pictures, tmp_path, names={"test": NAMES["test"]}, drawn=0)
    assert "4/4" in capsys.readouterr().err


def test_a_threshold_named_twice_is_refused():
    with pytest.raises(ConfigError, match=r"--thresholds=.* names a threshold twice"):
        EvaluateConfig(run="r", thresholds=(0.5, 0.4, 0.5))
