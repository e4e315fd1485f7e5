"""Which trials count, between the moment one is found dead and that in which it is queued again."""

import optuna

from seglab.tuning.ledger import ATTEMPTS, FAILURE, read_ledger, take_up_again


def test_a_trial_found_dead_is_to_be_queued_until_it_is():
    study = optuna.create_study()
    dead = study.ask()
    assert read_ledger(study, 1).running == 1
    study.tell(dead, state=optuna.trial.TrialState.FAIL)
    ledger = read_ledger(study, 1)
    assert [trial.number for trial in ledger.dead] == [0]
    assert (ledger.ended, ledger.started) == (0, 1)
    take_up_again(study, ledger.dead[0], died=True)
    ledger = read_ledger(study, 1)
    assert (ledger.dead, ledger.waiting, ledger.started) == ((), 1, 1)


def test_a_trial_that_died_too_often_has_ended():
    study = optuna.create_study()
    dead = study.ask()
    dead.set_user_attr(ATTEMPTS, 1)
    study.tell(dead, state=optuna.trial.TrialState.FAIL)
    assert read_ledger(study, 2).ended == 0
    assert read_ledger(study, 1).ended == 1


def test_a_trial_that_failed_has_ended():
    study = optuna.create_study()
    failed = study.ask()
    failed.set_user_attr(FAILURE, "NaN")
    study.tell(failed, state=optuna.trial.TrialState.FAIL)
    assert read_ledger(study, 1).ended == 1
