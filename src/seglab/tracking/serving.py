"""Faults as a model server tells them to who sent the request."""

from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, INVALID_PARAMETER_VALUE

from seglab.errors import DataError, SeglabError


@contextmanager
def answering(what: str) -> Iterator[None]:
    """Within, a ``DataError`` is answered 400 and any other fault of ours 500, in a sentence.

    The sentence begins with ``what`` was asked for.
    """
    try:
        yield
    except SeglabError as fault:
        code = INVALID_PARAMETER_VALUE if isinstance(fault, DataError) else INTERNAL_ERROR
        raise MlflowException(f"{what} {fault}", error_code=code) from fault
