"""A program that spreads slow work over two processes, to be stopped from outside.

python tests/data/slow_spread.py FOLDER
"""

import os
import sys
import time
from functools import partial
from pathlib import Path

from seglab.data.processes import spread


def work(folder, item):
    """Takes its time and leaves a file named after its process and the item."""
    time.sleep(0.05)
    (folder / f"{os.getpid()}-{item}").touch()


if __name__ == "__main__":
    for _ in spread(partial(work, Path(sys.argv[1])), range(1000), 2):
        pass
