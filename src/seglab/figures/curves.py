"""Curves over the epochs of a training."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from seglab.figures.style import BLUE, FRAME, VERMILLION, label_axes

CURVES = {
    "loss": "binary cross-entropy",
    "iou": "intersection over union",
    "dice": "Dice similarity coefficient",
}


def training_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """Loss, IoU and Dice of training and validation over the epochs, with the best epoch marked.

    ``history`` holds one mapping an epoch with ``train/loss``, ``val/loss``, ``train/iou`` and so
    on; the best epoch is the one with the lowest validation loss, whose checkpoint is evaluated.
    """
    epochs = np.arange(1, len(history) + 1)
    best = int(np.argmin([metrics["val/loss"] for metrics in history]))
    figure = Figure(figsize=(10.5, 3.2), layout=ConstrainedLayoutEngine(w_pad=0.1))
    for axes, (score, label) in zip(figure.subplots(1, len(CURVES)), CURVES.items(), strict=True):
        for part, colour, style in (("train", BLUE, "--"), ("val", VERMILLION, "-")):
            values = [metrics[f"{part}/{score}"] for metrics in history]
            marker = "." if len(history) == 1 else ""
            axes.plot(epochs, values, style, color=colour, marker=marker, label=part)
            if part == "val":
                at = f"best epoch {epochs[best]}: {values[best]:.3g}"
                axes.plot(epochs[best], values[best], "o", color=colour, label=at, zorder=3)
        axes.axvline(float(epochs[best]), color=FRAME, linewidth=0.8, linestyle=":", zorder=0)
        axes.set_ylim(0, None if score == "loss" else 1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        label_axes(axes, "epoch", label)
        axes.legend(frameon=False, fontsize=8)
    return figure
