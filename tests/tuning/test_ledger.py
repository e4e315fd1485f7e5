"""Which trials count, between the moment one is found dead and that in which it is queued again."""

import optuna

from seglab.tuning.ledger import FAILURE, just_died, take_up_again


def test_a_trial_found_dead_is_awaited_until_it_is_queued_again():
    study = optuna.create_study()
    dead = study.ask()
    assert not just_died(study)
    study.tell(dead, state=optuna.trial.TrialState.FAIL)
    assert just_died(study)
    take_up_again(study, study.trials[0], died=True)
    assert not just_died(study)


def test_a_trial_that_failed_is_not_awaited():
    study = optuna.create_study()
    failed = study.ask()
    failed.set_user_attr(FAILURE, "NaN")
    study.tell(failed, state=optuna.trial.TrialState.FAIL)
    assert not just_died(study)
