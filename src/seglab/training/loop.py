"""The training loop: plain torch, read from top to bottom."""

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from seglab.data.tileset import Sample, TileSet
from seglab.errors import TrainingError
from seglab.networks.precision import autocast
from seglab.training.checkpoint import BEST, LAST, About, load, save
from seglab.training.config import TrainConfig
from seglab.training.interrupt import Held, signals_held
from seglab.training.metrics import tile_scores
from seglab.training.preview import preview, preview_tiles
from seglab.training.randomness import seed_step, tile_order
from seglab.training.throughput import gflop_per_tile

SAVE_SECONDS = 300
"""A training killed without warning loses at most this much work, or one step if that is longer."""
PREVIEW_EPOCHS = 5
"""Validation pictures are logged after the first and last epoch, and every so many between."""

EpochMetrics = dict[str, float]


class Recorder(Protocol):
    """Where a training reports to; tracking's run is one."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Takes the metrics of one epoch."""

    def image(self, key: str, pixels: UInt8[np.ndarray, "h w 3"], step: int) -> None:
        """Takes one picture of one epoch."""


@dataclass
class Sums:
    """Loss, IoU and Dice summed over tiles, and the seconds their steps took."""

    tiles: int = 0
    loss: float = 0.0
    iou: float = 0.0
    dice: float = 0.0
    seconds: float = 0.0

    def means(self, part: str) -> EpochMetrics:
        """Means over the tiles, named ``part/loss`` and so on."""
        return {f"{part}/{name}": getattr(self, name) / self.tiles for name in SCORES}


SCORES = ("loss", "iou", "dice")


@dataclass
class Progress:
    """Where a training stands; with weights and moments, all that going on needs."""

    epoch: int = 0
    """Epochs finished."""
    step: int = 0
    """Steps done in the epoch in hand."""
    sums: Sums = field(default_factory=Sums)
    """Sums over the epoch in hand."""
    best_loss: float = math.inf
    """Lowest validation loss so far."""
    history: list[EpochMetrics] = field(default_factory=list)
    """Metrics of the finished epochs."""


def fit(
    config: TrainConfig,
    network: nn.Module,
    tiles: TileSet,
    val_tiles: TileSet,
    about: About,
    device: torch.device,
    folder: Path,
    recorder: Recorder,
) -> list[EpochMetrics]:
    """Trains ``network`` and returns the metrics of every epoch.

    Adam (epsilon 1e-7, Keras' default) on the binary cross-entropy over whole padded tiles;
    ``folder/best.pt`` keeps the weights with the lowest validation loss, ``folder/last.pt`` the
    state to go on from, which is done if it is there. Order of tiles and dropout are functions of
    (seed, epoch, step), so that a killed training goes on bit for bit (same kind of machine, same
    number of threads). SIGINT and SIGTERM wait for the step in hand and leave a checkpoint. Raises
    ``TrainingError`` at the first loss that is not finite, naming step and tiles.
    """
    # cuDNN's fastest kernels add up in an order of their own; these give the same bits every time.
    torch.backends.cudnn.deterministic = True
    network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate, eps=1e-7)
    progress = restore(folder / LAST, network, optimizer)
    steps = math.ceil(len(tiles) / config.batch_size)
    gflop = gflop_per_tile(about, config.tile)
    shown = preview_tiles(val_tiles)
    saved = time.monotonic()

    with (
        signals_held() as interrupted,
        tqdm(total=config.epochs * steps, unit="step", smoothing=0.05) as bar,
    ):
        bar.update(progress.epoch * steps + progress.step)
        while progress.epoch < config.epochs:
            epoch = progress.epoch + 1
            bar.set_description(f"epoch {epoch}/{config.epochs}")
            for batch in batches(tiles, config, progress, device):
                started = time.monotonic()
                seed_step(config.seed, progress.epoch, progress.step)
                loss = train_step(network, optimizer, batch, about.precision, progress.sums)
                progress.step += 1
                progress.sums.seconds += time.monotonic() - started
                if not math.isfinite(loss):
                    raise TrainingError(
                        f"the loss became {loss} at step {progress.step} of epoch {epoch}, on "
                        f"{', '.join(batch.key)}; the last good checkpoint is {folder / LAST}. "
                        f"Lower --learning_rate={config.learning_rate} or look at these tiles"
                    )
                bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
                bar.update()
                if interrupted or time.monotonic() - saved > SAVE_SECONDS:
                    save_last(folder, network, optimizer, progress, about)
                    saved = time.monotonic()
                if interrupted:
                    return progress.history

            val = validate(network, val_tiles, config, about.precision, device, interrupted)
            if interrupted:
                save_last(folder, network, optimizer, progress, about)
                return progress.history
            pace = progress.sums.tiles / progress.sums.seconds
            metrics = {
                **progress.sums.means("train"),
                **val.means("val"),
                "learning_rate": optimizer.param_groups[0]["lr"],
                "images_per_second": pace,
                "gflops": pace * gflop,
            }
            progress = Progress(
                epoch=epoch,
                best_loss=min(progress.best_loss, metrics["val/loss"]),
                history=[*progress.history, metrics],
            )
            if metrics["val/loss"] == progress.best_loss:
                content = {"model": network.state_dict(), "about": asdict(about), "epoch": epoch}
                save(folder / BEST, content)
            if epoch == 1 or epoch % PREVIEW_EPOCHS == 0 or epoch == config.epochs:
                for key, pixels in preview(network, shown, about.precision, device):
                    recorder.image(key, pixels, epoch)
            # The checkpoint comes before the metrics: a resumed run sends what is missing, while
            # metrics that no checkpoint knows of would be sent twice.
            save_last(folder, network, optimizer, progress, about)
            saved = time.monotonic()
            recorder.metrics(metrics, epoch)
            bar.write(f"epoch {epoch}/{config.epochs}  " + summary_line(metrics))
    return progress.history


def train_step(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: Sample,
    precision: str,
    sums: Sums,
) -> float:
    """The loss of one optimisation step on ``batch``, whose scores are added to ``sums``."""
    network.train()
    optimizer.zero_grad(set_to_none=True)
    loss, logits, target = forward(network, batch, precision)
    loss.backward()  # type: ignore[no-untyped-call]
    value = loss.item()
    if math.isfinite(value):
        optimizer.step()
        add_scores(sums, value, logits.detach(), target)
    return value


def forward(
    network: nn.Module, batch: Sample, precision: str
) -> tuple[Float[Tensor, ""], Float[Tensor, "b 1 h w"], Float[Tensor, "b 1 h w"]]:
    """Mean binary cross-entropy, logits and target of a batch on the network's device."""
    device = next(network.parameters()).device
    x = batch.x.to(device, non_blocking=True).to(torch.float32, memory_format=torch.channels_last)
    target = batch.y.to(device, non_blocking=True).float()
    with autocast(precision, device):
        logits = network(x / 255)
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, target), logits, target


def add_scores(sums: Sums, loss: float, logits: Tensor, target: Tensor) -> None:
    """Adds a batch of tiles to ``sums``."""
    iou, dice = tile_scores(logits, target)
    sums.tiles += len(target)
    sums.loss += loss * len(target)
    sums.iou += iou.sum().item()
    sums.dice += dice.sum().item()


def validate(
    network: nn.Module,
    tiles: TileSet,
    config: TrainConfig,
    precision: str,
    device: torch.device,
    interrupted: Held,
) -> Sums:
    """Sums over the validation tiles, or over those seen until a signal arrived."""
    network.eval()
    sums = Sums()
    loader = load_batches(tiles, config, device)
    with torch.inference_mode():
        for batch in loader:
            loss, logits, target = forward(network, batch, precision)
            add_scores(sums, loss.item(), logits, target)
            if interrupted:
                break
    return sums


def batches(
    tiles: TileSet, config: TrainConfig, progress: Progress, device: torch.device
) -> DataLoader[Sample]:
    """The batches of the epoch in hand that are still to be trained on."""
    order = tile_order(len(tiles), config.seed, progress.epoch)
    left = order[progress.step * config.batch_size :].tolist()
    return load_batches(Subset(tiles, left), config, device)


def load_batches(
    tiles: TileSet | Subset[Sample], config: TrainConfig, device: torch.device
) -> DataLoader[Sample]:
    """Batches of ``tiles`` in their order."""
    return DataLoader(
        tiles,
        batch_size=config.batch_size,
        num_workers=min(config.workers, len(tiles)),
        pin_memory=device.type == "cuda",
    )


def save_last(
    folder: Path,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
    about: About,
) -> None:
    """Writes ``folder/last.pt``: all that going on needs."""
    content = {
        "model": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "progress": asdict(progress),
        "about": asdict(about),
    }
    save(folder / LAST, content)


def restore(path: Path, network: nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """Progress, weights and moments of the checkpoint at ``path``; a fresh start without one."""
    if not path.exists():
        return Progress()
    content = load(path)
    network.load_state_dict(content["model"])
    optimizer.load_state_dict(content["optimizer"])
    stored: dict[str, Any] = content["progress"]
    return Progress(**{**stored, "sums": Sums(**stored["sums"])})


def summary_line(metrics: EpochMetrics) -> str:
    """Losses and validation scores of an epoch, for the terminal."""
    return (
        f"train loss {metrics['train/loss']:.4f}  val loss {metrics['val/loss']:.4f}  "
        f"val IoU {metrics['val/iou']:.3f}  val Dice {metrics['val/dice']:.3f}  "
        f"{metrics['images_per_second']:.2f} images/s  {metrics['gflops']:.0f} GFLOP/s"
    )
