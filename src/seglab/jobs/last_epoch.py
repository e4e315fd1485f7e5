"""The network of a run's last epoch, beside that of its best one."""

from seglab.jobs.train import run_folder
from seglab.training.checkpoint import LAST, Trained, load_best


def last_epoch(best: Trained, run_id: str, data_dir: str) -> Trained | None:
    """The network of the run's last epoch, which MLflow does not keep: from its checkpoint.

    None, and a line that says so, if this machine does not have it, or the run did not reach it;
    ``best`` itself if it is the last epoch's.
    """
    path = run_folder(data_dir, run_id) / LAST
    epochs = best.about.config["epochs"]
    if best.epoch == epochs:
        return best
    last = load_best(path) if path.is_file() else None
    if last and last.epoch == epochs:
        return last
    print(f"the last epoch, {epochs}, is not scored: there is no checkpoint of it at {path}")
    return None
