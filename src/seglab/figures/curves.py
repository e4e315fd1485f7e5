"""Curves over the epochs of a training."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seglab.figures.style import BLUE, FRAME, VERMILLION, WIDE, label_axes, plain_panels

viridis = colormaps["viridis"]
LIMITS = {"iou": (0, 1), "dice": (0, 1), "loss": (0, None)}
"""Of the axes of scores that have a scale of their own."""


def training_curves(history: Sequence[Mapping[str, float]], labels: Mapping[str, str]) -> Figure:
    """Loss and scores of training and validation over the epochs, with the best epoch marked.

    ``history`` holds one mapping an epoch with ``train/loss``, ``val/loss`` and so on for each key
    of ``labels``, which names the axes; the best epoch is the one with the lowest validation loss,
    whose checkpoint is evaluated.
    """
    epochs = np.arange(1, len(history) + 1)
    best = int(np.argmin([metrics["val/loss"] for metrics in history]))
    figure, panels = plain_panels((3.5 * len(labels), 3.2), len(labels))
    for axes, (score, label) in zip(panels, labels.items(), strict=True):
        for part, colour, style in (("train", BLUE, "--"), ("val", VERMILLION, "-")):
            values = [metrics[f"{part}/{score}"] for metrics in history]
            marker = "." if len(history) == 1 else ""
            axes.plot(epochs, values, style, color=colour, marker=marker, label=part)
            if part == "val":
                at = f"best epoch {epochs[best]}: {values[best]:.3g}"
                axes.plot(epochs[best], values[best], "o", color=colour, label=at, zorder=3)
        axes.axvline(float(epochs[best]), color=FRAME, linewidth=0.8, linestyle=":", zorder=0)
        drawn = [metrics[f"{part}/{score}"] for metrics in history for part in ("train", "val")]
        if score == "loss" and max(drawn) > WIDE * min(drawn) > 0:
            axes.set_yscale("log")  # a first epoch that blew up would flatten all others
        else:
            axes.set_ylim(*LIMITS.get(score, (None, None)))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        label_axes(axes, "epoch", label)
        axes.legend(frameon=False, fontsize=8)
    return figure


def norm_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """a and b of every adaptive norm, y = a·x + b·BN(x), over the epochs; light lines lie deep.

    ``history`` holds ``norm/<layer>_a`` and ``norm/<layer>_b`` of each epoch.
    """
    epochs = np.arange(1, len(history) + 1)
    layers = sorted(
        {key.removeprefix("norm/").removesuffix("_a") for key in history[0] if key.endswith("_a")}
    )
    figure, panels = plain_panels((8.2, 3.2), 2, right=0.9)
    meanings = {"a": "a, weight of the identity", "b": "b, weight of the batch norm"}
    for axes, (name, meaning) in zip(panels, meanings.items(), strict=True):
        for layer, colour in zip(layers, viridis(np.linspace(0, 0.9, len(layers))), strict=True):
            values = [metrics[f"norm/{layer}_{name}"] for metrics in history]
            marker = "." if len(history) == 1 else ""
            axes.plot(epochs, values, color=tuple(colour), marker=marker, label=str(int(layer)))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        label_axes(axes, "epoch", meaning)
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, title="layer", loc="center right", frameon=False)
    return figure
