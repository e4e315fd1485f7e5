import unicodedata
from pathlib import Path

import pytest

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
