"""A store with scored runs on a data set of four pictures, made in a second and without torch."""

import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from seglab.data.config import PrepareConfig
from seglab.data.decode import write_png
from seglab.data.prepare import prepare
from seglab.evaluation.evaluate import summary
from seglab.evaluation.scores import score_rows
from seglab.training.config import TrainConfig
from tests.data.folders import write_lists, write_pair
from tests.mlflow_server import copy_database

RUNS = {("rgb", 0): 40, ("rgb", 1): 60, ("rgb+guided", 0): 20}
"""(inputs, seed) → how much noise its probabilities have: the less, the better it scores."""
TITLES = {"rgb": "UNet RGB", "rgb+guided": "UNet RGB SAL MAP GUIDED"}
PARTS = {"train": "ab", "val": "c", "test": "de"}
EPOCHS = 5


class Seeded:
    """A store and what is in it, as tests compute it on their own."""

    def __init__(self, folder, empty_database, shape=(24, 32)):
        self.folder, self.data_dir = folder, folder / "data"
        copy_database(empty_database, folder / "mlflow.db", f"{folder}/mlruns")
        self.uri = f"sqlite:///{folder}/mlflow.db"
        self.client = MlflowClient(self.uri)
        for seed, name in enumerate("abcde"):
            image, mask = (folder / "mine" / kind / f"{name}.png" for kind in ("images", "masks"))
            write_pair(image, mask, shape, seed)
        write_lists(folder / "mine", PARTS)
        config = PrepareConfig(
            dataset="folder", data_dir=str(self.data_dir), source=str(folder / "mine")
        )
        self.pictures = prepare(config)
        self.ids = {which: self.add(*which, noise) for which, noise in RUNS.items()}

    def probability(self, inputs, seed, name):
        """What a run stored of a picture: the truth with noise."""
        rng = np.random.default_rng([RUNS[inputs, seed], seed, ord(name)])
        mask = np.asarray(self.pictures.mask(name))
        return (rng.normal(90 + 75.0 * mask, RUNS[inputs, seed]).clip(0, 255)).astype(np.uint8)

    def rows(self, inputs, seed):
        """Per-picture rows of a run."""
        found = []
        for part, names in PARTS.items():
            for name in names:
                truth = np.asarray(self.pictures.mask(name))
                probability = self.probability(inputs, seed, name)
                found += score_rows(name, part, probability, truth, (0.4, 0.5, 0.6))
        return pd.DataFrame(found)

    def add(self, inputs, seed, noise):
        """A training run with its scores, as train and evaluate log it; its id."""
        params = vars(TrainConfig(dataset="folder", inputs=inputs, seed=seed, epochs=EPOCHS))
        tags = {
            "seglab.dataset_title": self.pictures.title,
            "seglab.data_digest": self.pictures.digest,
            "seglab.experiment_title": TITLES[inputs],
            "seglab.width": "64",
            "seglab.git.commit": "0123456789abcdef",
            "mlflow.source.type": "LOCAL",
        }
        run = self.client.create_run("0", run_name=TITLES[inputs], tags=tags).info.run_id
        rows = self.rows(inputs, seed)
        history = {
            "val/loss": [1 / (epoch + seed) + noise / 100 for epoch in range(1, EPOCHS + 1)],
            "val/iou": [epoch / 10 for epoch in range(1, EPOCHS + 1)],
            "val/dice": [epoch / 8 for epoch in range(1, EPOCHS + 1)],
        }
        metrics = [
            Metric(name, value, 0, step)
            for name, values in history.items()
            for step, value in enumerate(values, start=1)
        ]
        last = {name: value / 2 for name, value in summary(rows, "evaluation_last").items()}
        scores = summary(rows) | last
        metrics += [Metric(name, value, 0, EPOCHS) for name, value in scores.items()]
        texts = [Param(name, str(value)) for name, value in params.items()]
        self.client.log_batch(run, metrics=metrics, params=texts, tags=[RunTag("note", "seeded")])
        evaluation = self.folder / "artifacts" / run / "evaluation"
        evaluation.mkdir(parents=True)
        rows.to_parquet(evaluation / "per_image.parquet")
        for part, names in PARTS.items():
            for name in names:
                path = evaluation / "probabilities" / part / f"{name}.png"
                write_png(path, self.probability(inputs, seed, name))
        self.client.log_artifacts(run, str(evaluation), "evaluation")
        self.client.set_terminated(run)
        return run
