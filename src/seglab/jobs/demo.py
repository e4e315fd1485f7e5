"""The demo job: the whole line in one run, small enough for two cores."""

from dataclasses import asdict, replace

from seglab.data.config import PrepareConfig
from seglab.data.inputs import parse_inputs
from seglab.data.pictures import open_pictures
from seglab.data.prepare import prepare
from seglab.errors import NoWeightsError
from seglab.evaluation.config import EvaluateConfig
from seglab.jobs.config import DemoConfig
from seglab.jobs.evaluate import evaluate_into
from seglab.jobs.train import plan_training, train_into
from seglab.results.formats import terminal
from seglab.results.report import Report
from seglab.results.table import results_table
from seglab.saliency.config import SaliencyConfig
from seglab.saliency.fill import fill
from seglab.tracking.reader import read_runs, run_info
from seglab.tracking.run import start_run
from seglab.tracking.store import ui_hint
from seglab.training.config import TrainConfig

SMALL = TrainConfig(width=16, tile=128, batch_size=2, learning_rate=1e-3)
"""A sixteenth of the study's arithmetic a pixel, on tiles a sixteenth of the size."""
PATCH = 128
"""Most pictures of the sample data set fit one patch of this side."""


def demo(config: DemoConfig) -> None:
    """Prepares data and maps, trains a small UNet, scores it and prints the results table."""
    if config.dataset == "sample":
        print("1/5  drawing the sample data set")
        prepare(PrepareConfig(dataset="sample", data_dir=config.data_dir))
    print("2/5  saliency maps")
    make_maps(config)
    plan = plan_training(replace(SMALL, **asdict(config)))
    title = plan.tags()["seglab.experiment_title"]
    with start_run(title, params=asdict(plan.config), tags=plan.tags()) as run:
        print(f"3/5  training {title}")
        train_into(run, plan)
        print("4/5  scoring whole pictures")
        evaluate_into(run, EvaluateConfig(run=run.id))
    print("5/5  results\n")
    print(terminal(Report([results_table(read_runs(run_info(run.id).experiment))])))
    print(f"\nsee curves and pictures:\n  {ui_hint(run.experiment_id)}")


def make_maps(config: DemoConfig) -> None:
    """Fills the cache with the maps ``config.inputs`` needs, if any.

    Where no pretrained weights can be had it takes random ones, so that the demo, and it alone,
    runs on any machine; the terminal, the run's tags and its table say so.
    """
    rule = parse_inputs(config.inputs).rule
    if rule is None:
        return
    pictures = open_pictures(config.data_dir, config.dataset)
    wanted = SaliencyConfig(
        dataset=config.dataset,
        data_dir=config.data_dir,
        rules=(rule,),
        target="features",
        patch=PATCH,
    )
    try:
        fill(wanted, pictures)
    except NoWeightsError as missing:
        print(
            f"\n{missing}\n\nThe demo goes on with RANDOM WEIGHTS: its maps show edges, not what "
            "VGG16 learnt.\n"
        )
        fill(replace(wanted, weights="random"), pictures)
