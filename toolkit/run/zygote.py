"""A process that has imported everything once and forks workers and kernels from itself (POSIX).

Run as ``python -m toolkit.run.zygote LISTENER LIFELINE FOLDER`` by :class:`toolkit.run.forked.Zygote`, which
opens the two descriptors. The rules that leave no orphan behind:

- a child lives as long as the connection of the client that asked for it: when the client closes it, or dies in
  whatever way, the child's whole process group is killed;
- the zygote lives as long as its parent, whose end of the lifeline closes with it, and takes all children along;
- a child whose zygote was killed is killed by the system (Linux) or by ipykernel's poller.

A request is one line of JSON, ``{"kind": "kernel" | "worker", "arguments": …, "environment": …, "folder": …}``;
answers are ``pid N`` and, later, ``exit CODE``.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import time
import traceback
from importlib import import_module
from typing import Any, NoReturn

WARM = (
    "papermill",
    "nbconvert.exporters",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "IPython.core.debugger",
    "IPython.core.completerlib",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "toolkit.api",
    "toolkit.reports.area_report",
    "toolkit.reports.plan_summary",
    "toolkit.reports.formats",
    "toolkit.run.batch",
    "toolkit.run.engine",
    "toolkit.run.parameters",
)
"""Imported before the first fork. What is missing here is only slower."""
LEFT_OUT = ("rfc3987_syntax",)
"""What jsonschema would load to check IRIs, of which notebooks have none: it takes over a second to make a grammar."""
REQUEST_SECONDS = 10.0


def main(listener_number: int, lifeline: int, folder: str) -> None:
    """Serve until the lifeline closes; then kill all children and remove the folder of sockets."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener = socket.socket(fileno=listener_number)
    server = Server(listener, lifeline)
    try:
        warm_up()
        server.serve()
    finally:
        server.kill_all()
        shutil.rmtree(folder, ignore_errors=True)


def warm_up() -> None:
    """Import what workers and kernels will need, and fill the caches that hold nothing but the program's own files."""
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # else the debugger that ipykernel brings writes a warning
    sys.modules.update(dict.fromkeys(LEFT_OUT))  # type: ignore[arg-type]  # None: cannot be imported
    for name in WARM:
        with contextlib.suppress(ImportError):
            import_module(name)
    for name in LEFT_OUT:
        del sys.modules[name]
    with contextlib.suppress(ImportError):
        warm = import_module("toolkit.reports.formats")
        warm.warm_up()
    gc.collect()
    gc.freeze()  # collections in children would copy the pages of all that was imported


class Server:
    """Forks on request and keeps each child with the connection that asked for it.

    Parameters
    ----------
    listener :
        Unix socket on which requests come.
    lifeline :
        Descriptor that reads as ended when the parent is gone.
    """

    def __init__(self, listener: socket.socket, lifeline: int) -> None:
        self._listener = listener
        self._lifeline = lifeline
        self._clients: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake)
        self._selector.register(listener, selectors.EVENT_READ, "request")
        self._selector.register(lifeline, selectors.EVENT_READ, "lifeline")
        self._selector.register(self._woken, selectors.EVENT_READ, "child")

    def serve(self) -> None:
        """Answer requests until the lifeline closes."""
        while True:
            for key, _ in self._selector.select():
                match key.data:
                    case "lifeline":
                        return
                    case "request":
                        self._answer()
                    case "child":
                        self._reap()
                    case int(pid):
                        self._client_left(pid)

    def kill_all(self) -> None:
        """Kill every child with its process group."""
        for pid in self._clients:
            kill_group(pid)

    def _answer(self) -> None:
        client, _ = self._listener.accept()
        try:
            client.settimeout(REQUEST_SECONDS)
            request, handed = receive(client)
        except (OSError, ValueError):
            client.close()
            return
        pid = os.fork()
        if pid == 0:
            self._be_child(client, request, handed)
        for descriptor in handed:
            os.close(descriptor)
        self._clients[pid] = client
        self._selector.register(client, selectors.EVENT_READ, pid)
        self._tell(pid, f"pid {pid}")

    def _be_child(self, client: socket.socket, request: dict[str, Any], handed: list[int]) -> NoReturn:
        code = 1
        try:
            zygote = os.getppid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.setsid()
            self._selector.close()
            for number in (self._lifeline, self._woken, self._wake):
                os.close(number)
            for other in (self._listener, client, *self._clients.values()):
                other.close()
            die_with(zygote)
            become(request, handed, zygote)
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        except BaseException:  # noqa: BLE001  (the last frame of a forked process: nothing may climb further)
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 65536)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            kill_group(pid)  # what the child itself started and left behind
            if pid in self._clients:
                self._tell(pid, f"exit {os.waitstatus_to_exitcode(status)}")
                self._forget(pid)

    def _client_left(self, pid: int) -> None:
        client = self._clients.get(pid)
        if client is None:
            return
        try:
            gone = not client.recv(4096)
        except OSError:
            gone = True
        if gone:
            kill_group(pid)
            self._forget(pid)

    def _tell(self, pid: int, line: str) -> None:
        with contextlib.suppress(OSError):
            self._clients[pid].sendall(f"{line}\n".encode())

    def _forget(self, pid: int) -> None:
        client = self._clients.pop(pid)
        self._selector.unregister(client)
        client.close()


def receive(client: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Read one request and the descriptors handed over with it.

    Raises
    ------
    ValueError
        If the client closes before its line is complete, or the line is no request.
    """
    text, handed = b"", []
    while not text.endswith(b"\n"):
        part, descriptors, _, _ = socket.recv_fds(client, 65536, 4)
        handed += descriptors
        if not part:
            message = "the request is not complete"
            raise ValueError(message)
        text += part
    return json.loads(text), handed


def kill_group(pid: int) -> None:
    """Kill a child and all that belongs to its process group."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(pid, signal.SIGKILL)


def die_with(parent: int) -> None:
    """Ask the system to kill this process when its parent ends (Linux; elsewhere nothing happens)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def become(request: dict[str, Any], handed: list[int], zygote: int) -> None:
    """Turn a fresh child into what was asked for, with the environment and folder of the client."""
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["folder"])
    if "numpy" in sys.modules:  # the parent's state of the global generator must not be every child's
        sys.modules["numpy"].random.seed()
    if request["kind"] == "kernel":
        _be_kernel(request["arguments"], zygote)
    else:
        from multiprocessing.connection import Connection

        from toolkit.run.worker import serve

        sys.path[:] = request["arguments"]
        serve(Connection(handed[0]))


def _be_kernel(arguments: list[str], zygote: int) -> None:
    from ipykernel.kernelapp import IPKernelApp

    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    sys.argv = ["ipykernel_launcher", *arguments]
    app = IPKernelApp.instance()
    app.initialize([*arguments, f"--IPKernelApp.parent_handle={zygote}"])  # type: ignore[no-untyped-call]
    app.start()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    if sys.path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109  (as in ipykernel's launcher)
        del sys.path[0]
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
