"""Imported once for all programs, it reads our code, as each would for a quarter of a second."""

from seglab.jobs.code import code_digest

code_digest()
