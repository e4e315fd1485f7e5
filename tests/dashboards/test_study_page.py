"""A study on its page: live from its database, and what it logged where that is elsewhere."""

import optuna
import pandas as pd
import pytest
from mlflow import MlflowClient
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from seglab.errors import StudyError
from seglab.results.live import live
from seglab.tuning.config import TuneConfig
from seglab.tuning.findings import read_findings
from seglab.tuning.study import RUN
from seglab.tuning.worker import open_study

SPACE = {
    "learning_rate": FloatDistribution(1e-5, 1e-2, log=True),
    "alpha": FloatDistribution(0.01, 0.5),
}
VALUES = [0.2, 0.5, 0.4, 0.3, 0.1]


def trial(number, names=tuple(SPACE), **result):
    params = {"learning_rate": 1e-4 * (number + 1), "alpha": 0.05 * (number + 1)}
    return optuna.create_trial(
        params={name: params[name] for name in names},
        distributions={name: SPACE[name] for name in names},
        user_attrs={RUN: f"{number:032x}"},
        intermediate_values={1: 0.1, 2: result.get("value", 0.05)},
        **result,
    )


def keep(tmp_path, trials):
    """A study of ``trials`` with its run in MLflow; address of its database."""
    url = f"sqlite:///{tmp_path}/optuna.db"
    config = TuneConfig(
        study="alpha", dataset="folder", model="can", inputs="rgb", data_dir=f"{tmp_path}/data"
    )
    with open_study(config, url) as opened:
        opened.study.add_trials(trials)
    client = MlflowClient()
    tags = {"optuna.study": "alpha", "optuna.storage": url, "seglab.best_command": "mlflow run ."}
    client.set_terminated(client.create_run("0", run_name="study alpha", tags=tags).info.run_id)
    return url


@pytest.fixture
def study(sqlite_store, tmp_path):
    """A study of five completed trials, one pruned and one failed, with its run; its database."""
    completed = [trial(number, value=value) for number, value in enumerate(VALUES)]
    stopped = [trial(5, state=TrialState.PRUNED), trial(6, state=TrialState.FAIL)]
    return keep(tmp_path, completed + stopped)


def test_trials_are_shown_as_they_stand(study, opened):
    app = opened("study")
    tiles = {tile.label: tile.value for tile in app.metric}
    assert tiles == {
        "completed": "5", "pruned": "1", "failed": "1", "running": "0", "best dice": "0.5",
    }  # fmt: skip
    trials = app.dataframe[0].value
    assert trials["state"].tolist() == ["complete"] * 5 + ["pruned", "fail"]
    assert trials["run"].tolist()[2] == f"run?experiment=Default&run={2:032x}"
    assert not app.info


def test_a_study_in_progress_is_shown_beside_one_that_ended(study, opened):
    client = MlflowClient()
    (alpha,) = client.search_runs(["0"])
    tags = {"optuna.study": "beta", "optuna.storage": study, "seglab.best_command": "mlflow run ."}
    client.create_run("0", tags=tags)
    assert [code.value for code in opened("study", study="alpha").code] == ["mlflow run ."]
    client.delete_tag(alpha.info.run_id, "seglab.best_command")
    live.cache_clear()
    app = opened("study", study="alpha")
    assert [tile.value for tile in app.metric][-1] == "0.5"
    assert not app.code


def test_what_no_completed_trial_has_is_not_mapped(sqlite_store, tmp_path, opened):
    keep(tmp_path, [trial(0, ["learning_rate"], value=0.2), trial(1, state=TrialState.PRUNED)])
    app = opened("study")  # without a traceback
    assert app.dataframe[0].value["state"].tolist() == ["complete", "pruned"]


def test_findings_are_read_and_nothing_is_changed(study):
    found = read_findings(study, "alpha")
    assert (found.best, found.running) == (1, 0)
    assert found.curves[1] == {1: 0.1, 2: 0.5}
    assert set(found.importances) == set(SPACE)
    with pytest.raises(StudyError, match="has no study beta"):
        read_findings(study, "beta")


def test_database_that_is_elsewhere(study, opened, tmp_path):
    (tmp_path / "optuna.db").unlink()
    with pytest.raises(StudyError, match="asks for a password"):
        read_findings("postgresql+psycopg://***@host/database", "alpha")
    said = opened("study").info
    assert "optuna.db is not on this machine" in said[0].value
    assert "-P trials=0` draws it" in said[1].value
    (run,) = MlflowClient().search_runs(["0"])
    trials = pd.DataFrame({"number": [0], "state": ["complete"], "value": [0.2]})
    trials.to_csv(tmp_path / "trials.csv", index=False)
    MlflowClient().log_artifact(run.info.run_id, str(tmp_path / "trials.csv"))
    assert opened("study").dataframe[0].value["value"].tolist() == [0.2]
