"""The README's commands, and a clone of this checkout to run them in."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DATA = Path(os.environ.get("SEGLAB_DATA", ""))
NOT_RUN = {"make test": "it is what runs this test"}


def blocks():
    """Commands of the README, a list a code block; comments taken off."""
    found = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [[line.split("  #")[0].strip() for line in block.splitlines()] for block in found]


def block_with(word):
    """The code block that has ``word``."""
    (block,) = [block for block in blocks() if any(word in command for command in block)]
    return block


@pytest.fixture(scope="module")
def readme_clone(tmp_path_factory):
    """A clone with this environment as its .venv, and a home folder with data in it."""
    folder = tmp_path_factory.mktemp("readme")
    subprocess.run(["git", "clone", "-q", ROOT, folder / "seglab"], check=True)
    for name in subprocess.check_output(["git", "ls-files", "-m"], cwd=ROOT, text=True).split():
        shutil.copy(ROOT / name, folder / "seglab" / name)
    (folder / "seglab" / ".venv").symlink_to(sys.prefix)
    home = folder / "home"
    for name in ("photos", "my_data/images", "my_data/masks"):
        (home / name).mkdir(parents=True)
    if DATA.name:
        small_icoseg(home / "iCoseg")
        some_of_coco(home / "coco")
        some_of_bsds500(home / "BSR")
    for index in range(8):
        picture = Image.effect_noise((100 + index, 90), 50).convert("RGB")
        picture.save(home / "my_data" / "images" / f"{index}.png")
        mask = Image.new("L", picture.size)
        mask.paste(255, (20, 20, 60, 60))
        mask.save(home / "my_data" / "masks" / f"{index}.png")
        picture.save(home / "photos" / f"photo {index}.jpg")
    return folder / "seglab"


def take_compiled_along(clone):
    """What numba has compiled here, with the times it goes by: each process took ten seconds."""
    from seglab.superpixels.judge import ready  # a second, for all tests

    ready("eikonal")
    here = "src/seglab/superpixels"
    shutil.copytree(ROOT / here, clone / here, dirs_exist_ok=True)


def small_icoseg(folder):
    """The 80 pictures and masks, at an eighth of their sides: VGG16 takes minutes for those."""
    for kind in ("images", "ground_truth"):
        (folder / kind).mkdir(parents=True)
        for file in (DATA / "icoseg" / "subset_80" / kind).iterdir():
            with Image.open(file) as whole:
                size = (whole.width // 8, whole.height // 8)
                whole.resize(size, Image.Resampling.NEAREST).save(folder / kind / file.name)


def some_of_coco(folder):
    """Some of the pictures, as published, and their annotations."""
    (folder / "train2017").mkdir(parents=True)
    (folder / "annotations").symlink_to(DATA / "coco" / "annotations")
    link_some(DATA / "coco" / "train2017", folder / "train2017", 24)


def some_of_bsds500(folder):
    """Some of the training pictures, as published: judging all takes minutes."""
    for kind in ("images", "groundTruth"):
        (folder / kind / "train").mkdir(parents=True)
        link_some(DATA / "bsds500" / kind / "train", folder / kind / "train", 40)


def link_some(published, folder, every):
    """Links the first of ``every`` so many files."""
    for file in sorted(published.iterdir())[::every]:
        (folder / file.name).symlink_to(file)


class Shell:
    """Runs the README's lines one after the other, as a user's shell would.

    Its programs start from nothing, or with what lies in the folder ``first`` of its PATH.
    """

    def __init__(self, clone, first=None):
        self.clone = clone
        path = [str(first)] if first else []
        kept = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
        self.environment = {
            **kept,
            "HOME": str(clone.parent / "home"),
            "PATH": os.pathsep.join([*path, str(Path(sys.prefix) / "bin"), os.environ["PATH"]]),
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        if DATA.name:
            self.environment["SEGLAB_VGG16_WEIGHTS"] = str(DATA / "vgg16" / "vgg16_features.pt")

    def run(self, command):
        """Output of a command that ended well; ``$RUN`` is what the last training printed."""
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            self.environment[name] = value
            return ""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.clone,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        if trained := re.search(r"-P run=(\w{32})", done.stdout):
            self.environment["RUN"] = trained[1]
        return done.stdout
