"""What tables say of a setting and of runs, as text."""

import pandas as pd


def as_setting(value: object) -> str:
    """A setting as text: numbers as short as they are, nothing for none."""
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def short_ids(row: "pd.Series[str]") -> str:
    """First eight digits of each run's id, with its status unless it ended well."""
    bad = [status for status in row["status"].split(",") if status not in ("FINISHED", "")]
    return " ".join([*(run[:8] for run in row["run_id"].split(",")), *bad])
