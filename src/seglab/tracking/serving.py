"""Faults as a model server tells them to who sent the request."""

from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, INVALID_PARAMETER_VALUE

from seglab.errors import DataError, SeglabError


class AnswerError(MlflowException):
    """A fault whose text stays as it was made.

    MLflow's server would put all that it was asked before it, which is megabytes of pictures.
    """

    @property
    def message(self) -> str:
        """What the answer says."""
        return self._message

    @message.setter
    def message(self, text: str) -> None:
        self._message: str = self.__dict__.get("_message", text)


@contextmanager
def answering(what: str) -> Iterator[None]:
    """Within, a ``DataError`` is answered 400 and any other fault of ours 500, in a sentence.

    ``what`` was asked about stands before it.
    """
    try:
        yield
    except SeglabError as fault:
        code = INVALID_PARAMETER_VALUE if isinstance(fault, DataError) else INTERNAL_ERROR
        raise AnswerError(f"{what}: {fault}", error_code=code) from fault
