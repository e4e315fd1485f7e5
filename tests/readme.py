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
        for name, real in (("iCoseg", "icoseg/subset_80"), ("coco", "coco")):
            (home / name).symlink_to(DATA / real)
        some_of_bsds500(home / "BSR")
    for index in range(8):
        picture = Image.effect_noise((100 + index, 90), 50).convert("RGB")
        picture.save(home / "my_data" / "images" / f"{index}.png")
        mask = Image.new("L", picture.size)
        mask.paste(255, (20, 20, 60, 60))
        mask.save(home / "my_data" / "masks" / f"{index}.png")
        picture.save(home / "photos" / f"photo {index}.jpg")
    return folder / "seglab"


def some_of_bsds500(folder):
    """A tenth of BSDS500's training pictures, as published: judging all takes minutes."""
    for kind in ("images", "groundTruth"):
        (folder / kind / "train").mkdir(parents=True)
        for file in sorted((DATA / "bsds500" / kind / "train").iterdir())[::10]:
            (folder / kind / "train" / file.name).symlink_to(file)


class Shell:
    """Runs the README's lines one after the other, as a user's shell would."""

    def __init__(self, clone):
        self.clone = clone
        kept = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
        self.environment = {
            **kept,
            "HOME": str(clone.parent / "home"),
            "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
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
