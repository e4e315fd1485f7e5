"""The page of benchmarks; the benchmarks themselves are run by hand."""

import importlib
import multiprocessing
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from benchmarks import page, precision
from benchmarks.apart import apart
from benchmarks.everything import SETS
from benchmarks.measure import Row
from benchmarks.textbook import textbook
from seglab.networks.can import CAN
from seglab.networks.dilated import DilatedConv2d
from seglab.networks.norm import AdaptiveNorm
from seglab.networks.unet import UNet, UpConv
from tests.results.published import training_run


def test_the_page_is_made_of_the_results_that_were_kept():
    assert page.PAGE.read_text(encoding="utf-8") == page.page()


def test_every_benchmark_of_a_set_is_there():
    names = {name for benchmarks in SETS.values() for name in benchmarks}
    assert all((page.ROOT / "benchmarks" / f"{name}.py").is_file() for name in names)


@pytest.mark.parametrize("name", SETS["cpu"])
def test_every_benchmark_finds_what_it_measures(name):
    try:
        importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as missing:  # a peer, which `make bench` installs
        assert missing.name is not None
        assert not missing.name.startswith(("seglab", "benchmarks", "dashboards", "tests"))


@pytest.mark.parametrize(("ours", "reached"), [(2.0, True), (6.0, False)])
def test_a_goal_beside_a_peer_is_a_ratio(ours, reached):
    row = Row(what="step", ours=ours, unit="s", against="plain", theirs=10.0, most=0.5)
    assert row.ratio == pytest.approx(ours / 10)
    assert row.reached is reached


def test_a_goal_without_a_peer_is_a_figure():
    assert Row(what="step", ours=14.0, unit="ms", most=15).reached is True
    assert Row(what="step", ours=14.0, unit="ms").reached is None


@pytest.mark.parametrize(
    ("network", "flags"), [(UNet, {"width": 2}), (CAN, {"width": 3, "depth": 5, "chen": True})]
)
def test_the_plain_loop_trains_the_same_network(network, flags):
    torch.manual_seed(0)
    ours = network(channels=3, classes=1, **flags)
    for layer in ours.modules():
        if isinstance(layer, AdaptiveNorm):
            nn.init.constant_(layer.b, 0.5)
    plain = textbook(ours)
    assert not any(isinstance(layer, DilatedConv2d | UpConv) for layer in plain.modules())
    x = torch.rand(2, 3, 32, 48)
    outputs = []
    for each in (ours, plain):
        torch.manual_seed(1)  # for the dropout
        outputs.append(each(x).sigmoid())
        outputs[-1].square().sum().backward()
    torch.testing.assert_close(*outputs)
    for one, other in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-4)


def test_a_contender_apart_ends_though_a_loader_has_its_pipe_open(tmp_path):
    loader = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    with apart(partial, Path.mkdir, tmp_path / "ran") as run:
        run()
        assert (tmp_path / "ran").is_dir()
        loader.start()
    assert loader.is_alive()
    loader.kill()
    loader.join()


def test_precisions_are_compared_seed_by_seed_and_beside_what_seeds_do():
    dice = {("fp32", 0): 0.6, ("fp32", 1): 0.8, ("bf16", 0): 0.65, ("bf16", 1): 0.7}
    runs = [
        training_run(number, scores=["0.5 ± 0"] * 5 + [f"{value} ± 0"])
        | {"tags.seglab.precision": kind, "params.precision": kind, "params.seed": str(seed)}
        for number, ((kind, seed), value) in enumerate(dice.items())
    ]
    alone = training_run(9, "guided", scores=["0.5 ± 0"] * 6)
    alone |= {"tags.seglab.precision": "bf16", "params.precision": "auto"}
    iou, dice = precision.of_trainings(pd.DataFrame([*runs, alone]))[0]
    assert (iou.ours, iou.theirs) == (0, 0)
    assert dice.ours == pytest.approx(0.025)
    # Student's t of one degree of freedom is tan(0.475 π) at 97.5 %.
    assert dice.theirs == pytest.approx(np.tan(0.475 * np.pi) * 0.15 / 2)
    assert dice.reached
