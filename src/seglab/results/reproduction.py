"""Where a reproduce run keeps what its report is made from, beside the runs of its rows."""

FOLDER = "reproduce"
"""Artifact folder of the files below."""
ROWS = "rows.csv"
"""Which run each row has: experiment (key), dataset (title), seed, run_id, error."""
SHOWCASE = f"{FOLDER}/pictures"
"""<dataset>/<picture>/: image.png, truth.png and <rule>.png of the pictures shown in grids."""
