"""A training small enough for seconds, run in this process or as a program that may be killed.

python -m tests.training.tiny FOLDER WORKERS [die EPOCH STEP | stop EPOCH STEP | nan STEP]
"""

import hashlib
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import torch

from seglab.data.samples import Sample
from seglab.training import loop
from seglab.training.checkpoint import LAST, About, load, network_of
from seglab.training.config import TrainConfig


class Tiles(torch.utils.data.Dataset):
    """Bright discs on noise; every tile a function of its index."""

    def __init__(self, count, offset=0, poison=None):
        self.count, self.offset, self.poison = count, offset, poison

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index + self.offset)
        y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
        cy, cx = torch.randint(8, 24, (2,), generator=generator)
        mask = ((y - cy) ** 2 + (x - cx) ** 2 < 36)[None]
        noise = torch.randint(0, 120, (3, 32, 32), generator=generator)
        pixels = (noise + 110 * mask).to(torch.uint8)
        if index == self.poison:
            pixels = pixels.float() * float("inf")
        return Sample(pixels, mask.to(torch.uint8), self.key(index))

    def key(self, index):
        return f"tile_{index}_0_0"

    def at_epoch(self, epoch):
        return self


class Recorder:
    """Keeps what a training reports."""

    def __init__(self):
        self.rows, self.images = [], []

    def metrics(self, values, step):
        self.rows.append((step, dict(values)))

    def image(self, key, pixels, step):
        self.images.append((step, key, pixels))


def train(folder, workers=0, poison=None, val_poison=None, recorder=None, **changes):
    """History and recorder of a training of 3 epochs of 5 steps on 10 tiles."""
    settings = {"width": 2, "epochs": 3, "batch_size": 2, "tile": 32, "learning_rate": 1e-2}
    config = TrainConfig(workers=workers, **{**settings, **changes})
    about = About(asdict(config), 3, 1, "fp32", {"title": "discs", "digest": ""}, None, None)
    torch.manual_seed(config.seed)
    network = network_of(about)
    recorder = recorder or Recorder()
    tiles = Tiles(10, poison=poison), Tiles(4, offset=100, poison=val_poison)
    history = loop.fit(config, network, *tiles, about, torch.device("cpu"), Path(folder), recorder)
    return history, recorder


def digest(folder):
    """SHA-256 over weights, moments and history of the last checkpoint, but for times and rates."""
    content = load(Path(folder) / LAST)
    sums = hashlib.sha256()
    for name, tensor in sorted(content["model"].items()):
        sums.update(name.encode() + tensor.numpy().tobytes())
    for state in content["optimizer"]["state"].values():
        for name in ("step", "exp_avg", "exp_avg_sq"):
            sums.update(state[name].numpy().tobytes())
    clocked = ("images_per_second", "gflops", "peak_share")
    for row in content["progress"]["history"]:
        sums.update(json.dumps({k: v for k, v in row.items() if k not in clocked}).encode())
    return sums.hexdigest()


def main():
    """Trains in FOLDER; with "die" or "stop" it signals itself after that step."""
    folder, workers, *fate = sys.argv[1:]
    torch.set_num_threads(1)
    if fate:
        number = {"die": signal.SIGKILL, "stop": signal.SIGTERM}[fate[0]]
        epoch, step = map(int, fate[1:])
        train_step = loop.train_step
        done = 0

        def train_step_then_signal(*args):
            nonlocal done
            loss = train_step(*args)
            done += 1
            if done == (epoch - 1) * 5 + step:
                os.kill(os.getpid(), number)
            return loss

        loop.train_step = train_step_then_signal
    train(folder, int(workers))


if __name__ == "__main__":
    main()
