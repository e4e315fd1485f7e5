"""Training steps: seglab's loop beside the plain fp32 one, and beside another library's UNet.

    PYTHONPATH=src python -m benchmarks.training --output training.json

A step is what a training does: batch from the loader (``--synthetic true``: from memory), forward,
backward, Adam, scores. The plain loop is what tutorials show: the same network of PyTorch's own
layers and the same loss in fp32, in PyTorch's default memory layout. segmentation_models_pytorch's
Unet (ResNet-34) takes part where it is installed; it does less arithmetic, so the two are compared
by the time for 10⁹ operations.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain, count, repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
import tyro
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.apart import apart
from benchmarks.measure import Row, alternate, report
from benchmarks.pictures import draw
from benchmarks.textbook import textbook
from seglab.data.config import PrepareConfig
from seglab.data.inputs import parse_inputs
from seglab.data.prepare import prepare
from seglab.data.samples import Sample
from seglab.data.tileset import TileSet
from seglab.networks.memory import keep_freed_memory
from seglab.networks.precision import exact_fp32, resolve_device, resolve_precision
from seglab.training.batches import Share
from seglab.training.checkpoint import About, network_of
from seglab.training.config import TrainConfig
from seglab.training.group import ALONE
from seglab.training.loop import train_step
from seglab.training.readers import Readers
from seglab.training.tasks import Task, task_of
from seglab.training.throughput import gflop_per_sample, peak_gflops

try:
    import segmentation_models_pytorch as smp
except ImportError:
    smp = None

PUBLISHED = {"7 iCoseg rows": (7, 50, 10), "5 Inria rows": (5, 200, 100)}
"""Rows of the saliency study's table; tiles of 512² of a row in training and in validation, as its
splits give them: 50 and 10 pictures; two aerial tiles and one, of 100 each."""
EPOCHS = 20
"""Of each of these rows, in batches of 1."""
OTHER = "segmentation_models_pytorch Unet, ResNet-34, for as many operations"


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Seconds a step, medians of alternating runs."""

    batches: tuple[int, ...] = (1,)
    """Batch sizes of the UNet's steps."""
    rounds: int = 2
    """Runs of each contender, after one to warm up."""
    steps: int = 1
    """Steps a run."""
    workers: int = 0
    """Processes of the loader."""
    synthetic: bool = False
    """Whether batches come from memory: the network without the loader."""
    output: str = ""
    """JSON file to write; empty prints it."""


def main(benchmark: Benchmark) -> None:
    """Measures and reports."""
    device = resolve_device("auto")
    precision = resolve_precision("auto", device)
    peak = peak_gflops(device, precision)
    rows: list[Row] = []
    details: dict[str, Any] = {"precision": precision, "peak_gflops": round(peak)}
    unet = TrainConfig(inputs="rgb", tile=512, workers=benchmark.workers)
    can = replace(unet, model="can", dilations="chen", depth=9, tile=256, batch_size=8)
    jobs = [
        (f"UNet, 31.03 M, 512², batch {size}", replace(unet, batch_size=size), 0.15)
        for size in benchmark.batches
    ]
    jobs.append(("CAN, width 24, depth 9, 256², batch 8", can, 0.30))
    for what, config, most in jobs:
        side = config.tile
        about = About(asdict(config), 3, 1, precision, {}, None, None)
        with (
            tempfile.TemporaryDirectory() as folder,
            apart(ours, Path(folder, "ours"), config, about, benchmark, device) as seglab,
        ):
            stream = batches(Path(folder, "theirs"), config, device, benchmark.synthetic)
            peers = {"plain fp32 loop": textbook(network_of(about))}
            if smp and config.model == "unet":
                peers[OTHER] = other = smp.Unet("resnet34", encoder_weights=None, classes=1)
            runs: dict[str, Callable[[], None]] = {"seglab": seglab}
            for name, network in peers.items():
                step = plain(network, task_of(config), stream, device)
                runs[name] = repeated(step, benchmark.steps)
            seconds = {
                name: statistics.median(each) / benchmark.steps
                for name, each in alternate(runs, benchmark.rounds).items()
            }
        gflop = gflop_per_sample(about, side) * config.batch_size
        if OTHER in seconds:
            seconds[OTHER] *= gflop / (gflop_of(other, side) * config.batch_size)
        goals = {"plain fp32 loop": most}
        rows += [
            Row(
                what=f"training step: {what}",
                ours=seconds["seglab"],
                unit="s",
                against=name,
                theirs=theirs,
                most=goals.get(name),
            )
            for name, theirs in seconds.items()
            if name != "seglab"
        ]
        if config.model == "unet" and config.batch_size == 1:
            rows += published(seconds["seglab"], device)
        if device.type == "cuda" and config.batch_size == 8:
            rows += on_a_gpu(what, seconds["seglab"], gflop / peak, config)
        details[what] = {
            "images_per_second": round(config.batch_size / seconds["seglab"], 2),
            "gflops": round(gflop / seconds["seglab"], 1),
            "peak_share": round(gflop / seconds["seglab"] / peak, 3),
        }
    report("training", rows, details, benchmark.output)


def published(step: float, device: torch.device) -> list[Row]:
    """The work of the published table, from the time of a step of batch 1.

    A tile of the validation costs a third of a step: forward without backward.
    """
    hours = {
        rows: number * EPOCHS * (training + validation / 3) * step / 3600
        for rows, (number, training, validation) in PUBLISHED.items()
    }
    told = [
        Row(what=f"the {rows} of the published table, from their steps", ours=value, unit="h")
        for rows, value in hours.items()
    ]
    if device.type != "cuda":
        return [replace(told[0], most=3.5), *told[1:]]
    what = "the 12 rows of the published table, from their steps"
    study = "the study's own trainings"
    minutes = 60 * sum(hours.values())
    return [
        Row(what=what, ours=minutes, unit="min", most=8),
        Row(what=what, ours=minutes, unit="min", against=study, theirs=401.0),
    ]


def on_a_gpu(what: str, step: float, floor: float, config: TrainConfig) -> list[Row]:
    """The goals of a UNet's step on a Hopper GPU: 45 % of the peak, 250 pictures a second."""
    what = f"training step: {what}"
    peak = "floor: all its operations at the peak"
    return [
        Row(what=what, ours=step, unit="s", against=peak, theirs=floor, most=1 / 0.45),
        Row(what=what, ours=step, unit="s", most=config.batch_size / 250),
    ]


def ours(
    folder: Path, config: TrainConfig, about: About, benchmark: Benchmark, device: torch.device
) -> Callable[[], None]:
    """Steps of seglab's loop, in a process set up as it sets up its own."""
    keep_freed_memory()
    exact_fp32()
    torch.backends.cudnn.deterministic = True
    stream, task = batches(folder, config, device, benchmark.synthetic), task_of(config)
    network = network_of(about).to(device)
    network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    share = Share(0, [], 1.0)

    def step() -> None:
        parts = [(next(stream), share)]
        train_step(network, optimizer, task, parts, (0, 0, 0), about.precision, ALONE)

    return repeated(step, benchmark.steps)


def plain(
    network: nn.Module, task: Task, stream: Iterator[Sample], device: torch.device
) -> Callable[[], object]:
    """The step of the loop that tutorials show."""
    network = network.to(device).train()
    optimizer = torch.optim.Adam(network.parameters())

    def step() -> None:
        batch = next(stream)
        optimizer.zero_grad()
        outputs = network(batch.x.to(device).float() / 255)
        target = batch.y.to(device).float()
        loss = F.binary_cross_entropy_with_logits(outputs, target)
        loss.backward()
        optimizer.step()
        task.scores(outputs.detach(), target)

    return step


def batches(
    folder: Path, config: TrainConfig, device: torch.device, synthetic: bool
) -> Iterator[Sample]:
    """Batches without end: tiles of prepared pictures, or one batch again and again."""
    if synthetic:
        size, side = config.batch_size, config.tile
        x = torch.randint(0, 256, (size, 3, side, side), dtype=torch.uint8, device=device)
        return repeat(Sample(x, x[:, :1] // 128, "synthetic"))
    source = draw(folder / "source")
    pictures = prepare(
        PrepareConfig(dataset="folder", data_dir=f"{folder}/data", source=str(source))
    )
    names = [picture.name for picture in pictures.pictures]
    tiles = TileSet(pictures, names, parse_inputs("rgb"), config.tile)
    order = np.arange(4 * config.batch_size * max(1, config.workers)) % len(tiles)
    indices = order.reshape(-1, config.batch_size).tolist()
    readers = Readers(config.workers, device)
    return chain.from_iterable(readers.load(tiles, indices) for _ in count())


def repeated(step: Callable[[], object], steps: int) -> Callable[[], None]:
    """``steps`` steps as one."""

    def run() -> None:
        for _ in range(steps):
            step()

    return run


def gflop_of(network: nn.Module, side: int) -> float:
    """10⁹ operations of forward and backward on one square of side ``side``."""
    x = torch.zeros(1, 3, side, side, device=next(network.parameters()).device)
    with FlopCounterMode(display=False) as counter:
        network.eval()(x).sum().backward()
    return float(counter.get_total_flops()) / 1e9


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
