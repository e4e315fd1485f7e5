"""``python -m seglab``: what belongs to no single job."""

import argparse
import sys

from seglab.errors import SeglabError


def main() -> None:
    """Parses the command line and runs the command; exit codes as those of the entry points."""
    parser = argparse.ArgumentParser(prog="python -m seglab")
    commands = parser.add_subparsers(metavar="command", required=True)
    about = "deliver what jobs logged while the tracking server was away; end runs that died"
    commands.add_parser("sync", help=about, description=about)
    parser.parse_args()
    from seglab.tracking.sync import sync  # two seconds, which --help need not pay

    try:
        sync()
    except SeglabError as error:
        print(f"\nseglab: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("\nseglab: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
