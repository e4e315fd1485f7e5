"""Every command of the README is run, in its order, in a clone of this checkout.

Only sizes are changed: networks are narrow and epochs few, and weights without a classifier are
told so. What is left out stands in ``NOT_RUN`` with the reason; ``make demo`` is in test_demo.py.
"""

import re

import pytest
from mlflow import MlflowClient
from PIL import Image

from tests.entry_points.test_mlproject import ENTRY_POINTS
from tests.readme import (
    DATA,
    NOT_RUN,
    README,
    ROOT,
    Shell,
    block_with,
    blocks,
    take_compiled_along,
)

SMALLER = {
    "-e saliency": "-P target=features -P patch=64",
    "-e train -P dataset": "-P width=2 -P epochs=2 -P tile=64 -P batch_size=6",
    "-e train -P model=can": "-P depth=4 -P width=3 -P epochs=1 -P batch_size=8 -P crop=48",
    "-e tune -P dataset": "-P width=2 -P depth=4 -P epochs=1 -P tile=64 -P trials=2",
    "--inputs rgb --offline": "--width 2 --epochs 1 --tile 128 --batch_size 6",
    "-e evaluate": "-P splits=val,test -P pictures=1",
}


def smaller(command):
    """``command`` with what makes it small appended."""
    return " ".join([command, *(more for part, more in SMALLER.items() if part in command)])


@pytest.mark.skipif(not DATA.name, reason="SEGLAB_DATA does not name the real data")
def test_study_of_icoseg(readme_clone, preloaded_path):
    shell = Shell(readme_clone, preloaded_path)
    outputs = [shell.run(smaller(command)) for command in block_with("-e report")]
    assert "icoseg/subset_80: 80 pictures" in outputs[1]
    assert "80 maps computed" in outputs[2]
    assert "UNet RGB SAL MAP GUIDED" in outputs[-1]
    trained = MlflowClient(f"sqlite:///{readme_clone}/mlflow.db").get_run(shell.environment["RUN"])
    tags = trained.data.tags
    assert tags["seglab.saliency"] == "vgg16_features.pt · features · imagenet"
    assert len(tags["seglab.saliency_weights_digest"]) == 32
    digests = {used.dataset.digest for used in trained.inputs.dataset_inputs}
    assert digests == {tags["seglab.data_digest"], tags["seglab.saliency_digest"]}
    masks = sorted(path.name for path in (readme_clone / "masks").iterdir())
    assert masks == [f"photo {index}.png" for index in range(8)]
    with Image.open(readme_clone / "masks" / "photo 3.png") as mask:
        assert mask.size == (103, 90)
    for command in block_with("resume="):
        assert shell.environment["RUN"] in shell.run(command)
    outputs = [shell.run(smaller(command)) for command in block_with("-e tune")]
    assert all("2 trials (2 complete)" in output for output in outputs)


@pytest.mark.skipif(not DATA.name, reason="SEGLAB_DATA does not name the real data")
def test_study_of_superpixels(readme_clone, preloaded_path):
    take_compiled_along(readme_clone)
    shell = Shell(readme_clone, preloaded_path)
    outputs = [shell.run(command) for command in block_with("dataset=bsds500")]
    assert "coco/instances: 8 pictures" in outputs[0]
    assert "bsds500: 5 pictures" in outputs[1]
    assert "person" in outputs[2]
    _, train, judged = [shell.run(smaller(command)) for command in block_with("-e targets")]
    assert "-e superpixels -P run=" in train
    rows = [line.split()[:3] for line in judged.splitlines() if " eikonal " in line]
    weights = ["2", "3", "4", "5", "7"]
    assert rows == [[i, "eikonal", weight] for i in ("photo", "network") for weight in weights]


def test_a_training_without_the_server(readme_clone, preloaded_path):
    shell = Shell(readme_clone, preloaded_path)
    shell.environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{readme_clone}/offline.db"
    outputs = [shell.run(smaller(command)) for command in block_with("seglab sync")]
    offline_id = shell.environment["RUN"]
    assert offline_id in outputs[-1]
    assert (readme_clone / "data" / "runs" / offline_id / "last.pt").exists()
    found = MlflowClient(shell.environment["MLFLOW_TRACKING_URI"]).search_runs(
        ["0"], f"tags.`seglab.offline_id` = '{offline_id}'"
    )
    (trained,) = found
    assert trained.info.status == "FINISHED"
    assert "val/loss" in trained.data.metrics
    stored = trained.info.run_id
    for given in (offline_id, stored):
        assert offline_id in shell.run(f"python -m entry_points.train --resume {given}")
    shell.run(f"python -m entry_points.evaluate --run {offline_id} --splits val --pictures 1")


def test_own_pictures(readme_clone, preloaded_path):
    shell = Shell(readme_clone, preloaded_path)
    for command in block_with("my_data"):
        shell.run(smaller(command))


def test_commands_not_run_are_in_the_readme_and_in_ci():
    commands = [command for block in blocks() for command in block]
    assert all(command in commands for command in NOT_RUN)
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_readme_lists_every_parameter_with_its_default():
    for name, entry in ENTRY_POINTS.items():
        row = re.search(rf"^\| `{name}` \|.*\| (.*) \|$", README, re.MULTILINE)[1]
        written = dict(re.findall(r"`(\w+)`(?: \(([^)]*)\))?", row))
        assert written == {key: value["default"] for key, value in entry["parameters"].items()}
