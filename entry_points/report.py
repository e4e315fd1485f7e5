"""Make the results table of an experiment in every format."""

from entry_points._cli import always, main
from seglab.results.config import ReportConfig

if __name__ == "__main__":
    main(ReportConfig, "seglab.jobs.report:report", reads=always)
