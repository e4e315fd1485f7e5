"""Names of pictures, safe as file names, artifact names and cache keys on every system."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

LONGEST = 150
SEPARATORS = "/\\:"
UNPORTABLE = '#%?*"<>|'
"""MLflow puts a name into an address as it is, where the first three mean something else, so that
two pictures become one artifact, or none; Windows has no file with one of the others in its name.
"""
RESERVED = {"CON", "PRN", "AUX", "NUL"} | {
    f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10)
}
"""Devices on Windows, whatever extension follows."""


def name_of(path: Path) -> str:
    """The name of a picture: its file's without extension, in Unicode's composed form.

    macOS stores accents decomposed, so that an image and its mask may differ in bytes alone.
    """
    return unicodedata.normalize("NFC", path.stem)


def name_faults(names: Iterable[str], logged: bool = True) -> list[str]:
    """What is wrong with ``names``: hostile ones, and ones that differ in case only.

    Pictures that are not ``logged`` to MLflow may have more characters in their names.
    """
    refused = SEPARATORS + UNPORTABLE * logged
    faults = []
    seen: dict[str, str] = {}
    for name in names:
        if reason := _hostile(name, refused):
            faults.append(f"name {name!r} {reason}; rename the picture")
        twin = seen.setdefault(name.casefold(), name)
        if twin != name:
            faults.append(f"names {twin!r} and {name!r} differ in case only; rename one")
    return faults


def _hostile(name: str, refused: str) -> str:
    if not name or name.startswith("."):
        return "is empty or starts with a dot"
    if any(unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"} for character in name):
        return "has control characters or is not UTF-8"
    if any(character in name for character in refused):
        return f"has one of {' '.join(refused)}"
    if name != name.strip() or name.endswith("."):
        return "starts or ends with a space or ends with a dot"
    if name.split(".")[0].upper() in RESERVED:
        return "is a device on Windows"
    if len(name) > LONGEST:
        return f"is {len(name)} characters long, more than {LONGEST}"
    return ""
