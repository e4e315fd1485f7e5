import string
import unicodedata
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts

from seglab.data.names import name_faults, name_of


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a\nb", "control characters"),
        ("a\0b", "control characters"),
        ("\udcff", "not UTF-8"),
        ("", "empty"),
        (".hidden", "starts with a dot"),
        ("../../x", "starts with a dot"),
        ("/abs", "has one of"),
        ("a\\b", "has one of"),
        ("c:", "has one of"),
        ("IMG #1", "has one of"),
        ("a%20b", "has one of"),
        ("why?", "has one of"),
        ("a*b", "has one of"),
        (" a", "space"),
        ("a.", "ends with a dot"),
        ("CON", "device"),
        ("nul.old", "device"),
        ("x" * 151, "151 characters"),
    ],
)
def test_hostile_names_are_told_with_the_reason(name: str, reason: str) -> None:
    faults = name_faults(["fine", name])
    assert len(faults) == 1
    assert repr(name) in faults[0]
    assert reason in faults[0]


def test_ordinary_names_are_fine() -> None:
    names = ["2803571364_e3b2cff0af", "ä ö", "写真", "a.b-c (1)", "console", "x" * 150]
    assert name_faults(names) == []


def test_names_that_differ_in_case_only_are_told() -> None:
    assert name_faults(["Straße", "STRASSE", "other"]) == [
        "names 'Straße' and 'STRASSE' differ in case only; rename one"
    ]


def test_accents_are_one_name_however_they_are_stored() -> None:
    composed, decomposed = (unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert name_of(Path(composed)) == name_of(Path(decomposed))


def test_what_is_never_logged_may_be_named_as_a_camera_likes() -> None:
    assert name_faults(["IMG #1", "a%20b", "why?"], logged=False) == []
    assert len(name_faults(["a/b", "c:", ".hidden"], logged=False)) == 3


@pytest.mark.usefixtures("any_store")
def test_a_name_without_fault_is_that_of_its_artifact(tmp_path: Path) -> None:
    names = [f"a{character}20b" for character in f" {string.punctuation}ä写"]
    fine = [name for name in names if not name_faults([name])]
    assert len(fine) > 20
    for name in fine:
        path = tmp_path / "pictures" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, encoding="utf-8")
    client = MlflowClient()
    run = client.create_run("0").info.run_id
    client.log_artifacts(run, str(tmp_path / "pictures"), "pictures")
    (tmp_path / "fetched").mkdir()
    fetched = download_artifacts(
        run_id=run, artifact_path="pictures", dst_path=str(tmp_path / "fetched")
    )
    told = {path.stem: path.read_text(encoding="utf-8") for path in Path(fetched).iterdir()}
    assert told == {name: name for name in fine}
