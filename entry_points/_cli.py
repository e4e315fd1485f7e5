"""From a config dataclass to a command line: every field is a flag, a default and a help text."""

import gc
import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_origin

import tyro

from seglab.errors import ConfigError, exit_codes
from seglab.tracking.offline import VARIABLE, offline

OFFLINE = (
    "With --offline it logs without the tracking server; `python -m seglab sync` delivers later."
)
registry = tyro.constructors.ConstructorRegistry()


@registry.primitive_rule
def comma_separated(
    info: tyro.constructors.PrimitiveTypeInfo,
) -> tyro.constructors.PrimitiveConstructorSpec[Any] | None:
    """Tuples are written as one word, ``0.4,0.5``, for an MLproject parameter is one word."""
    if get_origin(info.type) is not tuple:
        return None
    item = get_args(info.type)[0]
    choices, convert = (get_args(item), str) if get_args(item) else (None, item)

    def parse(words: list[str]) -> tuple[Any, ...]:
        values = tuple(convert(word.strip()) for word in words[0].split(",") if word.strip())
        for value in values:
            if choices and value not in choices:
                raise ValueError(f"{value!r} is unknown; choose among {', '.join(choices)}")
        return values

    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar=",".join(choices) if choices else f"{item.__name__.upper()},…",
        instance_from_str=parse,
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=lambda value: [",".join(map(str, value))],
    )


@registry.primitive_rule
def truth_value(
    info: tyro.constructors.PrimitiveTypeInfo,
) -> tyro.constructors.PrimitiveConstructorSpec[Any] | None:
    """Truth values are written as in MLproject files, ``true`` and ``false``, in any case."""
    if info.type is not bool:
        return None

    def parse(words: list[str]) -> bool:
        if words[0].lower() not in ("true", "false"):
            raise ValueError(f"{words[0]!r} is neither true nor false")
        return words[0].lower() == "true"

    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar="true|false",
        instance_from_str=parse,
        is_instance=lambda value: isinstance(value, bool),
        str_from_instance=lambda value: [str(value).lower()],
    )


def always(config: Any) -> bool:
    """Of a job that reads runs whatever its parameters are."""
    return True


def main(
    config_type: type[Any],
    job: str,
    reads: Callable[[Any], object] = lambda config: False,
    logs: bool = True,
) -> None:
    """Parses the command line into ``config_type`` and runs ``job`` ("module:function") with it.

    The job's module is imported after parsing, so that ``--help`` and a wrong flag answer at once.
    Exit code 0 after success, 2 for wrong flags, 1 for every other fault that seglab words, 143
    after SIGTERM, 130 after Ctrl-C.

    ``--offline`` is no parameter of a job, for no number depends on it: like MLFLOW_TRACKING_URI it
    says where the log goes, and is the same as SEGLAB_OFFLINE=1. It is refused where ``reads`` says
    of the parameters that the job reads runs, which the server has; a job that ``logs`` nothing
    does not know it.
    """
    if logs and "--offline" in sys.argv:
        sys.argv.remove("--offline")
        os.environ[VARIABLE] = "1"
    with registry, exit_codes(), handed_run():
        config = parsed(config_type, OFFLINE if logs and reads is not always else "")
        if logs and reads(config):
            refuse_offline()
        module, function = job.split(":")
        gc.disable()  # importing makes many objects and hardly any garbage: a sixth of its time
        run = getattr(import_module(module), function)
        gc.freeze()  # nor is there any among them later, least of all when the program ends
        gc.enable()
        run(config)


def refuse_offline() -> None:
    """Raises ``ConfigError`` if this job, which reads runs, is to do without the server."""
    if offline():
        raise ConfigError(
            f"--offline ({VARIABLE}=1) is not for this job, which reads runs from the tracking "
            f"server: leave it out or unset {VARIABLE}, and start the server (`make serve`), or "
            "unset MLFLOW_TRACKING_URI to use mlflow.db in this folder. What was logged offline is "
            "there after `python -m seglab sync`"
        )
    os.environ[VARIABLE] = "0"  # so that nobody proposes it


def parsed(config_type: type[Any], more: str = "") -> Any:
    """The command line as a ``config_type``; ends the program if it is none.

    ``more`` is what its help says after what the job does.
    Under ``mlflow run`` what is said of it is the cause of that end, for the run to tell it, too.
    """
    said = io.StringIO()
    try:
        with redirect_stderr(said) if "MLFLOW_RUN_ID" in os.environ else nullcontext():
            return tyro.cli(
                config_type,
                prog=f"python -m entry_points.{Path(sys.argv[0]).stem}",
                description=f"{config_type.__doc__}\n\n{more}",
                config=(tyro.conf.FlagConversionOff,),
                use_underscores=True,
            )
    except SystemExit as end:
        if not said.getvalue():
            raise
        print(said.getvalue(), end="", file=sys.stderr)
        # The first part of a box: its lines up to the first rule.
        first = re.split(r"\n│ ─+ │\n|\n╰", said.getvalue())[0].partition("\n")[2]
        raise end from ConfigError(" ".join(first.replace("│", " ").split()))


@contextmanager
def handed_run() -> Iterator[None]:
    """Within, the run that ``mlflow run`` made for this process, if it did, ends as that does."""
    run_id = os.environ.get("MLFLOW_RUN_ID")
    if not run_id or os.environ.get("RANK", "0") != "0":  # of torchrun's processes the first logs
        yield
        return
    from seglab.tracking.handed import taken  # two seconds, which others need not pay yet

    with taken(run_id):
        yield
