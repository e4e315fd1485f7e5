"""A program that belongs to a Ray cluster for a moment."""

import sys

import seglab.data.unswept  # noqa: F401 (three seconds of importing are two with it)
from seglab.errors import exit_codes
from seglab.launching.cluster import connected

if __name__ == "__main__":
    with exit_codes(), connected(sys.argv[1]):
        print("inside")
