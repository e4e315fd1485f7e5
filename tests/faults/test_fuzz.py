"""A few hundred of the damaged files that ``python -m tests.faults.fuzz`` makes 10,000 of."""

from tests.faults.damages import DAMAGES
from tests.faults.fuzz import fuzz
from tests.faults.originals import whole_files


def test_every_damaged_file_is_refused_by_name_or_read_as_the_reference_reads_it() -> None:
    verdicts = fuzz(range(len(whole_files()) * len(DAMAGES)))
    assert {verdict.outcome for verdict in verdicts} == {"refused", "equal"}
    assert {verdict.damage for verdict in verdicts} == {damage.__name__ for damage in DAMAGES}
    # Were all refused, or none of the whole ones read, the test would say nothing.
    read = [verdict.damage for verdict in verdicts if verdict.outcome == "equal"]
    assert read.count("untouched") == len(whole_files()) - 4  # float, and three not of two values
    assert len(read) > 60
