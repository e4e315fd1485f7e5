"""A proxy before an MLflow server, through which outages are had at will."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

REQUESTS = (b"GET ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ")


class Proxy:
    """Forwards connections to a server, or refuses them, slows them or loses answers."""

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self.goal = (parts.hostname, parts.port)
        self.delay = 0.0
        """Seconds each request is held back."""
        self.loses_first = False
        """Whether the first answer to each request gets lost, the server having done as asked."""
        self.answers = 0
        self.lost = 0
        self._seen: set[bytes] = set()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        # Shared, for a forked job may want the server gone.
        self._up = multiprocessing.RawValue("b", True)
        self._stopped = False
        threading.Thread(target=self._accept, daemon=True).start()

    def down(self) -> None:
        """The server is gone: connections are cut, and new ones are as soon as they are made."""
        self._up.value = False
        for open_socket in list(self._open):
            _cut(open_socket)

    def up(self) -> None:
        """The server is back."""
        self._up.value = True

    def stop(self) -> None:
        """Nobody listens any more."""
        self._stopped = True
        _cut(self._listener)
        self.down()

    def _accept(self) -> None:
        while not self._stopped:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._up.value:
                _cut(client)
                continue
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            server = socket.create_connection(self.goal)
            self._open |= {client, server}
            asked: list[bytes] = []
            back = threading.Thread(target=self._answer, args=[server, client, asked], daemon=True)
            back.start()
            while (data := client.recv(1 << 16)) and self._up.value:
                if data.startswith(REQUESTS):
                    time.sleep(self.delay)
                    asked.append(data.partition(b"\r\n")[0])
                server.sendall(data)
        for end in (client, server):
            _cut(end)

    def _answer(self, server: socket.socket, client: socket.socket, asked: list[bytes]) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                self.answers += data.startswith(b"HTTP/")
                if self.loses_first and asked[-1] not in self._seen:
                    self._seen.add(asked[-1])
                    self.lost += 1
                    break
                client.sendall(data)
        for end in (client, server):
            _cut(end)


def _cut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@pytest.fixture
def proxy(no_run: None, monkeypatch: pytest.MonkeyPatch, mlflow_server: str) -> Iterator[Proxy]:
    """The server behind a proxy, in MLFLOW_TRACKING_URI."""
    proxy = Proxy(mlflow_server)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", proxy.address)
    yield proxy
    proxy.stop()
