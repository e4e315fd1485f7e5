"""Why a server, a bucket or a database cannot be used: in words, and with what to do about it.

The libraries that talk to them (requests, botocore, SQLAlchemy) share no class of exception and
wrap one into another, so that their texts are stacks of class names. Faults are told apart by what
is in that stack, without importing any of these libraries.
"""

import errno
import os
import re
import socket
import ssl
from typing import Any

BROKEN = {"ConnectionError", "HTTPClientError", "HTTPError", "Timeout"}
"""Classes of Python, requests, botocore and urllib3; each fault of a connection is one of them."""
NO_ADDRESS = {"InvalidURL", "LocationValueError"}
NO_KEYS = {"NoCredentialsError", "PartialCredentialsError"}
ANSWERED = re.compile(r"error code (\d{3})|too many (\d{3}) error")
"""How MLflow and urllib3 tell the status of an answer of which they keep nothing else."""
SECRETS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
DATABASE_REMEDIES = {
    "password|role": "correct user and password",
    'database ".*" does not exist': "make it (`createdb`), or correct its name",
    "refused|resolve|timeout|No such file|closed": "start it, or correct host and port",
    "not a database": "name another file",
    "locked": "end what else writes to it",
    "readonly|unable to open": "make the file and its folder writable",
}
"""What to do about what PostgreSQL, its driver and sqlite say."""


def first_line(fault: BaseException) -> str:
    """The first line of what an exception says, or its class if it says nothing."""
    lines = str(fault).strip().splitlines()
    return shown(lines[0]) if lines else type(fault).__name__


def shown(uri: str) -> str:
    """``uri``, or a text with URIs in it, without the passwords."""
    without = re.sub(r"(?<=://)[^@\s]+@", "***@", storable(uri))
    return re.sub(r"(password=)[^&\s]+", r"\1***", without, flags=re.IGNORECASE)


def storable(text: str) -> str:
    """``text`` as every store takes it: what of a path is not UTF-8 is escaped."""
    return text.encode(errors="backslashreplace").decode()


def causes(fault: BaseException | None) -> list[BaseException]:
    """An exception and what it came from, the latest first."""
    found: list[BaseException] = []
    while fault is not None and fault not in found:
        found.append(fault)
        fault = fault.__cause__ or fault.__context__
    return found


def cause(fault: BaseException, names: set[str]) -> Any:
    """The latest of the causes with a class of one of these names; None if there is none."""
    for each in causes(fault):
        if not names.isdisjoint(base.__name__ for base in type(each).__mro__):
            return each
    return None


def silence(fault: BaseException) -> str:
    """Why nothing answers at an address; empty if something does."""
    if cause(fault, NO_ADDRESS):
        return "that is no address"
    if untrusted := cause(fault, {"SSLCertVerificationError"}):
        return (
            f"its certificate is not trusted ({untrusted.verify_message}; REQUESTS_CA_BUNDLE, or "
            "AWS_CA_BUNDLE for a bucket, names the file of who signed it)"
        )
    for each in causes(fault):
        if isinstance(each, ssl.SSLError):
            return "it does not speak TLS (https)"
        if isinstance(each, socket.gaierror):
            return "no machine of that name is known here"
        if isinstance(each, ConnectionRefusedError):
            return "nobody listens there"
        if isinstance(each, TimeoutError):
            return "no answer came in time"
        if isinstance(each, OSError) and each.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
            return "no way leads there"
    return "the connection broke off" if cause(fault, BROKEN) and not status(fault) else ""


def status(fault: BaseException) -> int:
    """The HTTP status of an answer that was taken for a fault; 0 if there is none."""
    for each in causes(fault):
        response: Any = getattr(each, "response", None)
        if isinstance(response, dict):
            return int(response["ResponseMetadata"]["HTTPStatusCode"])
        if response is not None:
            return int(response.status_code)
        if told := ANSWERED.search(str(each)):
            return int(told[1] or told[2])
    return 0


def tracker_reason(fault: BaseException, user: str = "") -> str:
    """Why an MLflow store, its server or the bucket of its files did not do as asked.

    ``user`` is who asked; empty without a name.
    """
    if cause(fault, NO_KEYS | {"ClientError", "BotoCoreError"}):
        return f"its files are in a bucket: {bucket_reason(fault, 'MLFLOW_S3_ENDPOINT_URL')}"
    if cause(fault, {"SQLAlchemyError"}):
        return database_reason(fault)
    if silent := silence(fault):
        return f"{silent}; start it (`make serve`), or correct the address"
    said, code, answer = first_line(fault), getattr(fault, "error_code", ""), status(fault)
    if answer == 401 and user:
        return (
            f"it knows no user {user!r} of this password; correct MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or ask its administrator"
        )
    if answer == 401:
        return (
            "it asks for a user and a password; export MLFLOW_TRACKING_USERNAME=… and "
            "MLFLOW_TRACKING_PASSWORD=…, which its administrator gives you"
        )
    if "Invalid Host header" in said:
        return "it takes no calls by this name; start it with the name among its --allowed_hosts"
    if answer == 403 or code == "PERMISSION_DENIED":
        return f"it does not let {user or 'you'} do that; ask its administrator"
    if code == "ENDPOINT_NOT_FOUND" or "not in a valid JSON format" in said:
        return "what answers there is no MLflow server; correct the address"
    if answer == 413:
        return "it, or a proxy before it, takes no file of that size; raise the limit there"
    if answer in (502, 503, 504):
        return f"the proxy before it finds nobody there (status {answer}); start it (`make serve`)"
    if answer >= 500:
        return f"it has a fault of its own (status {answer}); look at what it printed"
    if cause(fault, {"UnsupportedModelRegistryStoreURIException"}):
        return "no such kind of store is known; write http://host:port or sqlite:///file"
    if response := getattr(cause(fault, {"HTTPError"}), "response", None):
        return f"it answers {response.status_code} {response.reason}"
    said = re.sub(r"^[A-Z_]+: ", "", said)
    if code == "RESOURCE_DOES_NOT_EXIST":
        return f"{said}; correct its name, or set MLFLOW_TRACKING_URI to the store that has it"
    return said


def bucket_reason(fault: BaseException, variable: str, bucket: str = "") -> str:
    """Why nothing is read from or written to a bucket, at the endpoint that ``variable`` names."""
    if variable not in os.environ and "AWS_ENDPOINT_URL" in os.environ:
        variable = "AWS_ENDPOINT_URL"  # which boto3 takes, too
    place = os.environ.get(variable) or f"Amazon S3 ({variable} is not set)"
    if cause(fault, NO_KEYS):
        return f"there are no credentials; set {SECRETS}, or AWS_PROFILE"
    if silent := silence(fault):
        remedy = f"start it, or correct {variable}"
        if variable not in os.environ:
            remedy = f"set {variable} to where the bucket is, or look at this machine's network"
        return f"{place} cannot be reached: {silent}; {remedy}"
    if cause(fault, {"ParamValidationError"}):
        return f"{bucket!r} is no name of a bucket; write s3://bucket/prefix"
    client = cause(fault, {"ClientError"})
    if client is None:
        return f"{first_line(fault)}; correct the address of the bucket, or {variable}"
    code, said = (client.response["Error"].get(name, "") for name in ("Code", "Message"))
    if code == "NoSuchBucket":
        named = bucket or client.response["Error"].get("BucketName", "")
        there = f" --endpoint-url {place}" if variable in os.environ else ""
        return (
            f"there is no bucket {named!r} at {place}; make it (`aws s3 mb s3://{named}{there}`), "
            f"or correct its name or {variable}"
        )
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch"):
        return f"access was denied by {place} ({code}); correct {SECRETS}"
    if status(fault) == 403:
        return (
            f"access was denied by {place} ({code}); check {SECRETS}, and that this key may read, "
            "write and list there"
        )
    if status(fault) in (301, 400) and "Region" in f"{said}{client.response['Error']}":
        return f"the bucket is in another region; set AWS_DEFAULT_REGION ({said})"
    told = code or status(fault)
    return f"{place} answered {told} ({said}); check that {variable} is the address of an S3 server"


def database_reason(fault: BaseException) -> str:
    """What a database said, without the names of its driver's classes, and what to do."""
    raised = cause(fault, {"SQLAlchemyError"}) or fault
    said = first_line(getattr(raised, "orig", None) or raised)
    said = re.sub(r"^.*connection to server .* failed: |\[Errno -?\d+\] |FATAL: +", "", said)
    for pattern, remedy in DATABASE_REMEDIES.items():
        if re.search(pattern, said):
            return f"{said}; {remedy}"
    return said
