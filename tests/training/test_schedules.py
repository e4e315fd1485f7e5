import pytest

from seglab.training.schedules import learning_rate


@pytest.mark.parametrize(
    ("schedule", "base", "every", "rates"),
    [
        ("constant", 0.01, 2, [0.01] * 6),
        ("halve", 0.01, 2, [0.01, 0.01, 0.005, 0.005, 0.0025, 0.0025]),
        ("halve", 0.0003, 1, [0.0003, 0.00015, 0.0001, 0.0001]),  # the floor
        ("halve", 0.00005, 1, [0.00005, 0.00005]),  # below the floor from the start
        ("drop", 0.01, 3, [0.01, 0.01, 0.01, 0.001, 0.001]),
    ],
)
def test_rates_of_the_first_epochs(schedule, base, every, rates):
    found = [learning_rate(schedule, base, every, epoch) for epoch in range(len(rates))]
    assert found == pytest.approx(rates)
