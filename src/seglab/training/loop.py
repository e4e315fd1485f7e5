"""The training loop: plain torch, read from top to bottom."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from tqdm import tqdm

from seglab.data.files import sweep
from seglab.data.samples import Sample, Samples
from seglab.errors import TrainingError
from seglab.networks.denormals import denormals_flushed
from seglab.networks.memory import keep_freed_memory
from seglab.networks.norm import norm_scalars
from seglab.networks.precision import autocast, exact_fp32
from seglab.training.batches import Parts, train_batches, val_batches
from seglab.training.checkpoint import BEST, LAST, About, save
from seglab.training.config import TrainConfig
from seglab.training.group import ALONE, Group
from seglab.training.interrupt import Held, signals_held
from seglab.training.preview import preview, preview_samples
from seglab.training.progress import (
    EpochMetrics,
    Progress,
    Sums,
    batch_sums,
    last_good,
    restore,
    save_last,
)
from seglab.training.randomness import seed_part
from seglab.training.readers import Readers
from seglab.training.schedules import learning_rate
from seglab.training.tasks import Task, task_of
from seglab.training.throughput import gflop_per_sample, peak_gflops

SAVE_SECONDS = 300
"""A training killed without warning loses at most this much work, or one step if that is longer."""
PREVIEW_EPOCHS = 5
"""Validation pictures are logged after the first and last epoch, and every so many between."""
SHORT = {"iou": "IoU", "dice": "Dice", "psnr": "PSNR"}
"""What the terminal calls each score."""


class Recorder(Protocol):
    """Where a training reports to; tracking's run is one."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Takes the metrics of one epoch."""

    def image(self, key: str, pixels: UInt8[np.ndarray, "h w 3"], step: int) -> None:
        """Takes one picture of one epoch."""


class Silent:
    """A recorder that keeps nothing: another process of the group reports."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """See ``Recorder``."""

    def image(self, key: str, pixels: UInt8[np.ndarray, "h w 3"], step: int) -> None:
        """See ``Recorder``."""


def fit(
    config: TrainConfig,
    network: nn.Module,
    samples: Samples,
    val_samples: Samples,
    about: About,
    device: torch.device,
    folder: Path,
    recorder: Recorder,
    group: Group = ALONE,
) -> list[EpochMetrics]:
    """Trains ``network`` and returns the metrics of every epoch.

    Adam on the loss of the task that ``config`` names. ``folder/best.pt`` keeps the weights with
    the lowest validation loss, ``folder/last.pt`` the state to go on from, which is done if it is
    there. Order of samples, crops and dropout are functions of (seed, epoch, step or index), so
    that a killed training goes on bit for bit (same kind of machine, same number of threads).
    SIGINT and SIGTERM wait for the step in hand and leave a checkpoint. Raises ``TrainingError``
    at the first loss that is not finite, naming step and samples, and when a process that read
    samples dies, naming the sample.

    The processes of a ``group`` share out every batch, and its leader alone writes and reports.
    Their network is that of one process with ``accumulation`` as large as the group, but for the
    order in which gradients are added up.
    """
    if group.leads:
        sweep(folder)
    keep_freed_memory()
    # cuDNN's fastest kernels add up in an order of their own; these give the same bits every time.
    torch.backends.cudnn.deterministic = True
    exact_fp32()
    network.to(device=device)
    network.to(memory_format=torch.channels_last)
    task = task_of(config)
    optimizer = torch.optim.Adam(network.parameters(), eps=task.adam_epsilon, fused=True)
    progress = restore(folder / LAST, network, optimizer, about)
    readers = Readers(config.workers, device)
    parallel = group.parallel(network, device)
    steps = math.ceil(len(samples) / config.batch_size)
    shown = preview_samples(val_samples)
    gflop = gflop_per_sample(about, shown[0].x.shape[-1])
    peak = peak_gflops(device, about.precision) * group.size
    saved = time.monotonic()

    def keep() -> None:
        nonlocal saved
        saved = time.monotonic()
        if group.leads:
            save_last(folder, network, optimizer, progress, about)

    with (
        denormals_flushed(),
        readers.deaths_told(),
        signals_held() as interrupted,
        tqdm(
            total=config.epochs * steps,
            initial=progress.epoch * steps + progress.step,
            unit="step",
            smoothing=0.05,
            disable=not group.leads,
        ) as bar,
    ):
        while progress.epoch < config.epochs:
            epoch = progress.epoch + 1
            bar.set_description(f"epoch {epoch}/{config.epochs}")
            rate = learning_rate(
                config.schedule, config.learning_rate, config.schedule_epochs, progress.epoch
            )
            optimizer.param_groups[0]["lr"] = rate
            for parts in train_batches(readers, samples, config, progress, group):
                started = time.monotonic()
                place = (config.seed, progress.epoch, progress.step)
                done = train_step(parallel, optimizer, task, parts, place, about.precision, group)
                progress.step += 1
                progress.sums.add(done)
                progress.sums.seconds += time.monotonic() - started
                loss = done.means("train")["train/loss"]
                if not math.isfinite(loss):
                    seen = group.gather([key for batch, _ in parts for key in batch.key])
                    raise diverged(loss, f"step {progress.step} of epoch {epoch}", seen, folder)
                bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
                bar.update()
                if group.stops(interrupted):
                    keep()
                    return progress.history
                if time.monotonic() - saved > SAVE_SECONDS:
                    keep()

            loader = val_batches(readers, val_samples, config, group)
            val, doubtful = validate(network, task, loader, about.precision, interrupted, group)
            if doubtful:
                loss = val.means("val")["val/loss"]
                raise diverged(loss, f"the validation of epoch {epoch}", doubtful, folder)
            if group.stops(interrupted):
                keep()
                return progress.history
            pace = progress.sums.samples / progress.sums.seconds
            metrics = {
                **progress.sums.means("train"),
                **val.means("val"),
                **norm_scalars(network),
                "learning_rate": rate,
                "images_per_second": pace,
                "gflops": pace * gflop,
                "peak_share": pace * gflop / peak,
            }
            best = metrics["val/loss"] < progress.best_loss
            progress = Progress(
                epoch=epoch,
                best_loss=min(progress.best_loss, metrics["val/loss"]),
                history=[*progress.history, metrics],
            )
            if group.leads and best:
                content = {"model": network.state_dict(), "about": asdict(about), "epoch": epoch}
                save(folder / BEST, content)
            shows = epoch == 1 or epoch % PREVIEW_EPOCHS == 0 or epoch == config.epochs
            if group.leads and shows:
                for key, pixels in preview(network, task, shown, about.precision, device):
                    recorder.image(key, pixels, epoch)
            # The checkpoint comes before the metrics: a resumed run sends what is missing, while
            # metrics that no checkpoint knows of would be sent twice.
            keep()
            recorder.metrics(metrics, epoch)
            if group.leads:
                bar.write(f"epoch {epoch}/{config.epochs}  " + summary_line(task, metrics))
    return progress.history


def train_step(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    task: Task,
    parts: Parts,
    place: tuple[int, int, int],
    precision: str,
    group: Group,
) -> Sums:
    """Takes one optimisation step; returns the sums over the batch.

    ``place`` is seed, epoch and step. A loss that is not finite changes no weight.
    """
    network.train()
    optimizer.zero_grad(set_to_none=True)
    sums = Sums.zero(task.labels)
    for turn, (batch, share) in enumerate(parts, start=1):
        seed_part(*place, share.number)
        with group.local(network, turn < len(parts)):
            outputs, target = forward(network, task, batch, precision)
            loss = task.loss(outputs, target)
            # The group takes the mean of its gradients where the sum of the parts is meant.
            (loss * (share.weight * group.size)).backward()  # type: ignore[no-untyped-call]
        if share.weight:
            sums.add(batch_sums(loss, task.scores(outputs.detach(), target)))
    sums = sums.over(group)
    if math.isfinite(sums.totals["loss"]):
        optimizer.step()
    return sums


def forward(
    network: nn.Module, task: Task, batch: Sample, precision: str
) -> tuple[Float[Tensor, "b k h w"], Float[Tensor, "b k h w"]]:
    """Outputs and target of a batch on the network's device."""
    device = next(network.parameters()).device
    x = batch.x.to(device, non_blocking=True)
    x = x.to(torch.float32, memory_format=torch.channels_last)
    target = task.target(batch.y.to(device, non_blocking=True))
    with autocast(precision, device):
        outputs = network(x / 255)
    return outputs.float(), target


def validate(
    network: nn.Module,
    task: Task,
    batches: Iterable[Sample],
    precision: str,
    interrupted: Held,
    group: Group,
) -> tuple[Sums, list[str]]:
    """Sums over the validation samples, or over those seen until a signal arrived.

    And the keys of the samples in batches whose loss is not finite.
    """
    network.eval()
    sums = Sums.zero(task.labels)
    doubtful: list[str] = []
    with torch.inference_mode():
        for batch in batches:
            outputs, target = forward(network, task, batch, precision)
            loss = task.validation_loss(outputs, target)
            sums.add(batch_sums(loss, task.scores(outputs, target)))
            if not math.isfinite(loss):
                doubtful += batch.key
            if interrupted:
                break
    sums = sums.over(group)
    return sums, [] if math.isfinite(sums.totals["loss"]) else group.gather(doubtful)


def diverged(loss: float, where: str, keys: Sequence[str], folder: Path) -> TrainingError:
    """What is told of a loss that is NaN or infinite."""
    return TrainingError(
        f"the loss became {loss} at {where}, on {', '.join(keys)}; {last_good(folder)}. "
        "Lower --learning_rate, or look at these samples"
    )


def summary_line(task: Task, metrics: EpochMetrics) -> str:
    """Losses and validation scores of an epoch, for the terminal."""
    scores = [name for name in task.labels if name != "loss"]
    return (
        f"train loss {metrics['train/loss']:.4f}  val loss {metrics['val/loss']:.4f}  "
        + "".join(f"val {SHORT[name]} {metrics[f'val/{name}']:.3f}  " for name in scores)
        + f"{metrics['images_per_second']:.2f} images/s  {metrics['gflops']:.0f} GFLOP/s"
    )
