import pytest

from seglab.errors import ConfigError
from seglab.tuning.config import TuneConfig
from seglab.tuning.space import Choices, Range


def test_bounds_and_choices_are_read_with_the_parameters_types():
    config = TuneConfig(
        model="can", space="learning_rate=1e-5..1e-2:log, width=8|16,depth=5..8,norm=adaptive"
    )
    assert config.varied == {
        "learning_rate": Range(1e-5, 1e-2, log=True),
        "width": Choices((8, 16)),
        "depth": Range(5, 8, whole=True),
        "norm": Choices(("adaptive",)),
    }


@pytest.mark.parametrize(
    ("model", "names"),
    [("unet", ["learning_rate"]), ("can", ["learning_rate", "alpha"])],
)
def test_alpha_is_varied_where_the_network_has_it(model, names):
    assert list(TuneConfig(model=model).varied) == names


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"space": "rate=1..2"}, "names 'rate', which is no parameter .* learning_rate"),
        ({"space": "dataset=coco"}, "names 'dataset'"),
        ({"space": "width=8|x"}, "'x' is no int"),
        ({"space": "learning_rate=0..1:log"}, "must lie above 0"),
        ({"space": "learning_rate=2..1"}, "lower bound"),
        ({"space": "model=unet|net"}, "'net' is unknown, choose among unet, can, can_unet"),
        ({"space": "alpha=0.1..0.2"}, "varies alpha, which changes nothing with --model=unet"),
        ({"space": "tile=32|40"}, "--tile=40 must be a multiple of 16"),
        ({"space": "learning_rate=-1..1"}, "--learning_rate=-1.0 must be above 0"),
        ({"space": ""}, "--space is empty"),
        ({"learning_rate": 1e-3}, "--learning_rate=0.001 is of no use, as --space varies it"),
        ({"objective": "psnr"}, "choose among dice, iou, loss"),
        ({"study": "a/b"}, "letters, digits"),
    ],
)
def test_faults_name_the_flag(flags, said):
    with pytest.raises(ConfigError, match=said):
        TuneConfig(**flags)


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError, match=r"(?s)--epochs=0 .*--trials=-1 .*names 'x'.*names 'y'"):
        TuneConfig(epochs=0, trials=-1, space="x=1,y=2")


def test_grid_of_ranges():
    assert Range(1e-4, 1.0, log=True).grid() == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])
    assert Range(2, 4, whole=True).grid() == [2, 3, 4]


def test_objective_follows_the_task():
    assert (TuneConfig().score, TuneConfig().better) == ("dice", "maximize")
    painter = TuneConfig(dataset="coco", inputs="rgb")
    assert (painter.score, painter.better) == ("loss", "minimize")


def test_a_trial_is_a_training_with_its_values():
    training = TuneConfig(model="can", epochs=3, loaders=2).training({"alpha": 0.3})
    assert (training.alpha, training.epochs, training.workers) == (0.3, 3, 2)
