"""``python -m seglab``: what belongs to no single job."""

import argparse

from seglab.errors import exit_codes


def main() -> None:
    """Parses the command line and runs the command; exit codes as those of the entry points."""
    parser = argparse.ArgumentParser(prog="python -m seglab")
    commands = parser.add_subparsers(metavar="command", required=True)
    about = "deliver what jobs logged while the tracking server was away; end runs that died"
    commands.add_parser("sync", help=about, description=about)
    parser.parse_args()
    from seglab.tracking.sync import sync  # two seconds, which --help need not pay

    with exit_codes():
        sync()


if __name__ == "__main__":
    main()
