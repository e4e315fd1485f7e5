import os
import subprocess
import sys
from pathlib import Path

import pytest

from seglab.errors import RUN
from tests.preloaded import Program

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted(p.stem for p in (ROOT / "entry_points").glob("[a-z]*.py"))


def run(program, *flags):
    return subprocess.run(
        [sys.executable, "-m", f"entry_points.{program}", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_imports_nothing_heavy(program):
    code = (
        f"import sys, runpy; sys.argv = ['{program}', '--help']\n"
        "try: runpy.run_module('entry_points." + program + "', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "heavy = {'torch', 'mlflow', 'numpy', 'pandas', 'torchvision'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--" in done.stdout


def test_all_wrong_flags_are_named_at_once():
    done = run("train", "--tile", "100", "--epochs", "0", "--learning_rate", "-1")
    assert done.returncode == 2
    assert done.stdout == ""
    for flag in ("--tile=100", "--epochs=0", "--learning_rate=-1"):
        assert flag in done.stderr


def test_unknown_choice_lists_the_choices():
    done = run("saliency", "--rules", "guided,grad")
    assert done.returncode == 2
    assert "'grad' is unknown; choose among backprop, deconv, guided" in " ".join(
        done.stderr.replace("│", " ").split()
    )


def test_truth_values_are_true_and_false():
    done = run("superpixels", "--update", "no")
    assert done.returncode == 2
    assert "'no' is neither true nor false" in done.stderr
    # Read as false, and so of no use with a method that has no such choice.
    done = run("superpixels", "--update", "False", "--method", "grid")
    assert done.returncode == 2
    assert "--update is eikonal's" in done.stderr


READS = {
    "tune": [],
    "reproduce": [],
    "report": [],
    "demo": [],
    "evaluate": ["--run", "0123"],
    "predict": ["--run", "0123", "--images", "photos"],
    "superpixels": ["--run", "0123"],
}
"""Jobs that read runs, and with which flags."""


@pytest.mark.parametrize("program", READS)
def test_a_job_that_reads_runs_cannot_do_without_the_server(program, monkeypatch):
    done = run(program, *READS[program], "--offline")
    assert done.returncode == 2
    assert "which reads runs from the tracking server: leave it out" in done.stderr
    if program == "tune":
        monkeypatch.setenv("SEGLAB_OFFLINE", "1")
        assert run(program).stderr == done.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_offline_is_offered_where_it_works(program):
    serves = program in ("dashboard", "server")
    offered = "--offline" in run(program, "--help").stdout
    can = program not in READS or program in ("predict", "superpixels")  # of other parameters
    assert offered == (can and not serves)
    if serves:
        assert run(program, "--offline").returncode == 2


def test_a_checkpoint_is_read_without_the_server(tmp_path):
    given = ["--checkpoint", f"{tmp_path}/best.pt", "--images", str(tmp_path), "--offline"]
    silent = os.environ | {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    process = Program("entry_points.predict", given, ROOT, silent)
    _, errors = process.communicate()
    assert f"{tmp_path}/best.pt" in errors
    assert "127.0.0.1:9" not in errors


def test_misspelt_parameter_is_refused():
    done = run("train", "--epoch", "3")
    assert done.returncode == 2
    assert "--epoch" in done.stderr


def test_fault_is_told_in_a_sentence_without_a_traceback(tmp_path):
    process = Program("entry_points.train", ["--data_dir", str(tmp_path)], ROOT, os.environ)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert f"{RUN} -e prepare" in errors
