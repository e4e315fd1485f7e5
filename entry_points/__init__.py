"""One thin program per MLproject entry point: ``python -m entry_points.<name> --flag value``."""

import sys
from pathlib import Path

# Environments that `mlflow run` builds hold third-party packages only; the code is this checkout's.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
