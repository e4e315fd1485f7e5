"""What tables say of a setting and of runs, as text."""

import pandas as pd


def as_setting(value: object) -> str:
    """A setting as text: numbers as short as they are, nothing for none."""
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def targets_of(runs: pd.DataFrame) -> "pd.Series[str]":
    """What painted the targets that each run learnt, as text; empty where it learnt none.

    Runs of earlier versions tell the digest of their targets alone. They have the name by which any
    other run tells of the same ones, as that of the targets job does.
    """
    none = pd.Series(pd.NA, runs.index, dtype="string")
    names, digests = (
        runs.get(f"tags.seglab.{tag}", none).astype("string").fillna("")
        for tag in ("targets", "targets_digest")
    )
    known = {digest: name for digest, name in zip(digests, names, strict=True) if name}
    named = [
        name or known.get(digest, f"digest {digest[:8]}" if digest else "")
        for name, digest in zip(names, digests, strict=True)
    ]
    return pd.Series(named, runs.index, dtype="string")


def short_ids(row: "pd.Series[str]") -> str:
    """First eight digits of each run's id, with its status unless it ended well."""
    bad = [status for status in row["status"].split(",") if status not in ("FINISHED", "")]
    return " ".join([*(run[:8] for run in row["run_id"].split(",")), *bad])
