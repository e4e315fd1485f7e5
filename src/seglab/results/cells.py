"""What tables say of a setting and of runs, as text."""

import pandas as pd


def as_setting(value: object) -> str:
    """A setting as text: numbers as short as they are, nothing for none."""
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def tag(runs: pd.DataFrame, name: str) -> "pd.Series[str]":
    """What each run's tag ``seglab.name`` says; empty where it has none."""
    none = pd.Series(pd.NA, runs.index, dtype="string")
    return runs.get(f"tags.seglab.{name}", none).astype("string").fillna("")


def saliency_of(runs: pd.DataFrame) -> "pd.Series[str]":
    """What made the saliency maps of each run, as text; empty where it had none."""
    return told_by_digest(tag(runs, "saliency"), tag(runs, "saliency_settings"))


def targets_of(runs: pd.DataFrame) -> "pd.Series[str]":
    """What painted the targets that each run learnt, as text; empty where it learnt none.

    Runs of earlier versions tell the digest of their targets alone. They have the name by which any
    other run tells of the same ones, as that of the targets job does.
    """
    names, digests = tag(runs, "targets"), tag(runs, "targets_digest")
    known = {digest: name for digest, name in zip(digests, names, strict=True) if name}
    named = [
        name or known.get(digest, f"digest {digest[:8]}" if digest else "")
        for name, digest in zip(names, digests, strict=True)
    ]
    return pd.Series(named, runs.index, dtype="string")


def told_by_digest(labels: "pd.Series[str]", digests: "pd.Series[str]") -> "pd.Series[str]":
    """``labels``, each with the start of its digest where one label stands for several things."""
    several = digests[digests != ""].groupby(labels).transform("nunique") > 1
    return labels.where(
        ~several.reindex(labels.index, fill_value=False), labels + " · " + digests.str[:8]
    )


def short_ids(row: "pd.Series[str]") -> str:
    """First eight digits of each run's id, with its status unless it ended well."""
    bad = [status for status in row["status"].split(",") if status not in ("FINISHED", "")]
    return " ".join([*(run[:8] for run in row["run_id"].split(",")), *bad])
