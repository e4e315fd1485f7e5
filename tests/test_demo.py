"""``make demo`` on a machine without network: it runs to its end and learns."""

import re
import sys
from pathlib import Path

from tests.readme import NOT_RUN, Shell, block_with


def test_demo_ends_with_a_table_and_the_way_to_the_ui(readme_clone):
    shell = Shell(readme_clone)
    shell.environment["TORCH_HOME"] = str(readme_clone.parent / "no_weights_here")
    shell.environment["HTTPS_PROXY"] = "http://127.0.0.1:9"  # nobody listens: no network
    shell.environment.pop("SEGLAB_VGG16_WEIGHTS", None)
    (command,) = [c for c in block_with("make demo") if c not in NOT_RUN]
    command += " FLAGS='-P epochs=4'"
    stamp = Path(sys.prefix) / ".installed"
    made = not stamp.exists()
    stamp.touch()
    try:
        output = shell.run(command)
    finally:
        if made:
            stamp.unlink()
    table = output[output.index("results") :]
    assert "UNet RGB SAL MAP GUIDED" in table
    assert "RANDOM WEIGHTS" in table
    assert "python -m entry_points.server --store" in table
    test = re.search(r"^ *test +IoU ([\d.]+)", output, re.MULTILINE)
    assert float(test[1]) > 0.7
