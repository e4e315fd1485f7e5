"""Every format shows every run, survives hostile names and can be read by its own readers."""

import base64
import html.parser
import os
import pty
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from seglab.data.decode import encode_png
from seglab.results.formats import markdown, terminal, write_all
from seglab.results.latex import latex
from seglab.results.page import html as page
from seglab.results.printed import printed
from seglab.results.report import Report
from seglab.results.table import results_table
from seglab.results.text import in_bold, plain
from tests.latex import assert_compiles, needs_latex
from tests.results.published import PUBLISHED, TITLES, published_runs, training_run

ICOSEG, INRIA = PUBLISHED
HOSTILE = r"folder/50% of_A&B $x$ {#1} ~^ \n <i>|</i> – · ±"


@pytest.fixture(scope="module")
def table():
    runs = published_runs().to_dict("records")
    scores = PUBLISHED[ICOSEG]["rgb+guided"]
    random = {"tags.seglab.saliency": "RANDOM WEIGHTS · features · imagenet"}
    runs.append(training_run(80, "rgb+guided", scores=scores, **random))
    runs.append(training_run(81, "rgb", dataset=HOSTILE, scores=scores))
    runs.append(training_run(82, status="FAILED"))
    return results_table(pd.DataFrame(runs))


@pytest.fixture
def picture():
    rng = np.random.default_rng(0)
    return encode_png(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))


def test_all_files_are_written_and_say_the_same_twice(table, picture, tmp_path):
    report = Report([table], pictures={"curves": picture})
    first = write_all(report, tmp_path / "a")
    second = write_all(report, tmp_path / "b")
    assert [path.name for path in first] == [
        f"results.{suffix}" for suffix in ("txt", "md", "tex", "html", "csv", "parquet")
    ]
    assert sorted(first) == sorted((tmp_path / "a").iterdir())
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_csv_and_parquet_give_the_numbers_back(table, tmp_path):
    write_all(Report([table]), tmp_path)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "results.parquet"), table.rows)
    csv = pd.read_csv(tmp_path / "results.csv")
    assert list(csv) == list(table.rows)
    numbers = table.rows.select_dtypes("number").columns
    assert len(numbers) == 6 * 9 + 3  # nine numbers a score; width, epochs and pictures
    for column in numbers:
        np.testing.assert_array_equal(csv[column], table.rows[column].astype(float))
    assert csv["dataset"].tolist() == table.rows["dataset"].tolist()


def visible(text):
    return re.sub(r"\x1b\[\d*m", "", text)


@pytest.mark.parametrize("datasets", [(ICOSEG,), (INRIA,), (ICOSEG, INRIA)])
def test_text_fits_the_terminal_and_shows_every_score(datasets):
    text = plain(results_table(published_runs(*datasets)))
    assert max(map(len, text.splitlines())) <= 120
    for dataset in datasets:
        assert f"{dataset} · published split · width 64 · 20 epochs · seed 0" in text
        for inputs, scores in PUBLISHED[dataset].items():
            assert TITLES[inputs] in text
            for number in " ".join(scores).replace("±", " ").split():
                assert number in text


def test_short_scores_stand_beside_their_deviation_on_one_line():
    text = plain(results_table(published_runs(ICOSEG)))
    assert re.search(r"^UNet RGB +0\.723±0\.225 .* 0\.653±0\.302 .*0\.736±0\.299", text, re.M)
    assert "0.719±0.266* " in text


@pytest.mark.parametrize("mark", [None, in_bold])
def test_the_widest_table_fits_the_terminal(mark):
    title = "A network with a name that goes on and on, fed RGB and a SAL MAP GUIDED"
    scores = ["1.23e-05 ± 4.56e-06"] * 6
    runs = [
        training_run(
            number,
            dataset="folder/" + "a data set with a long name " * 6,
            scores=scores,
            status="KILLED",
            **{"tags.seglab.experiment_title": title, "params.seed": str(1000 + number)},
        )
        for number in range(3)
    ]
    text = plain(results_table(pd.DataFrame(runs)), *[mark] * bool(mark))
    assert max(len(visible(line)) for line in text.splitlines()) <= 120
    assert "1002" in text


def test_a_heading_has_the_spaces_at_which_cells_break():
    title, scores = "Aerial pictures of the City of Chicago", ["1.23e-05 ± 4.56e-06"] * 6
    runs = [training_run(number, dataset=title, scores=scores) for number in range(2)]
    text = plain(results_table(pd.DataFrame(runs)))
    assert "± 4.56e-06" in text  # below its mean, so cells are broken
    assert f"{title} · published split · width 64" in text


def test_random_weights_are_named_with_their_runs(table):
    text = plain(table)
    assert "Saliency maps: RANDOM WEIGHTS · features · imagenet (runs 00000050)" in text
    assert "1 training run without scores (00000052 FAILED)" in text


def test_bold_does_not_shift_or_leak(table):
    bold = plain(table, in_bold)
    assert "\x1b[1m" in bold
    for line in bold.splitlines():
        assert line.count("\x1b[1m") == line.count("\x1b[0m")
    assert visible(bold) == plain(table, str)


def test_terminal_is_bold_only_on_a_terminal(capsys):
    program = (
        "from tests.results.published import published_runs\n"
        "from seglab.results.formats import terminal\n"
        "from seglab.results.report import Report\n"
        "from seglab.results.table import results_table\n"
        "print(terminal(Report([results_table(published_runs())])))\n"
    )
    reader, writer = pty.openpty()
    paths = os.pathsep.join(path for path in sys.path if path)
    subprocess.run(
        [sys.executable, "-c", program],
        stdout=writer,
        env={**os.environ, "PYTHONPATH": paths},
        check=True,
    )
    os.close(writer)
    shown = b""
    try:
        while chunk := os.read(reader, 65536):
            shown += chunk
    except OSError:  # Linux says EIO where the other end of a terminal is closed
        pass
    assert b"\x1b[1m0.719" in shown
    assert "\x1b" not in terminal(Report([results_table(published_runs())]))


def test_markdown_has_one_cell_a_column(table):
    lines = [line for line in markdown(Report([table])).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(printed(table))
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    best = next(line for line in lines if "**0.719" in line)
    assert "UNet RGB SAL MAP NONE" in best
    assert "**0.796 ± 0.262**" in best


def columns(line):
    """Columns a line of a tabular spans."""
    cells = re.split(r"(?<!\\)&", line.removesuffix(r" \\"))
    spans = [re.search(r"\\multicolumn\{(\d+)\}", cell) for cell in cells]
    return sum(int(span[1]) if span else 1 for span in spans)


def test_latex_is_well_formed(table):
    text = latex([table])
    bare = re.sub(r"\\[\\{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert re.findall(r"\\begin\{(\S+?)\}", text) == ["table*", "tabular"]
    assert re.findall(r"\\end\{(\S+?)\}", text) == ["tabular", "table*"]
    specified = re.search(r"\\begin\{tabular\}\{([lr]+)\}", text)[1]
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(body) == 2 + len(printed(table))
    assert {columns(line) for line in body} == {len(specified)}
    assert r"\textbf{0.719 $\pm$ 0.266}" in text
    assert r"50\% of\_A\&B \$x\$ \{\#1\} \textasciitilde{}\textasciicircum{}" in text
    assert text.isascii()


@needs_latex
def test_latex_compiles(table, tmp_path):
    assert_compiles(latex([table]), tmp_path)


class Page(html.parser.HTMLParser):
    """Rows of the tables of a page, and what it would load."""

    VOID = ("meta", "img", "br", "link")

    def __init__(self, text):
        super().__init__()
        self.rows, self.open, self.links, self.headings = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "h3":
            self.headings.append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data
        if "h3" in self.open:
            self.headings[-1] += data


def test_the_page_shows_every_run_and_needs_nothing_else(table, picture):
    text = page(Report([table], pictures={"curves <of> a run": picture}))
    read = Page(text)
    assert not read.open
    assert read.headings == [HOSTILE, ICOSEG, INRIA]
    cells = [row for row in read.rows if row[0].startswith("UNet")]
    assert len(cells) == len(table.rows)
    assert {len(row) for row in cells} == {1 + 6 + 2}  # saliency and run vary
    for inputs, scores in PUBLISHED[ICOSEG].items():
        assert [TITLES[inputs], *scores] in [row[:7] for row in cells]
    assert "<strong>0.719 ± 0.266</strong>" in text
    (link,) = read.links
    assert base64.b64decode(link.removeprefix("data:image/png;base64,")) == picture
    assert "<figcaption>curves &lt;of&gt; a run</figcaption>" in text
    assert "http" not in text
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text
