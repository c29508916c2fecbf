"""Processes forked from the zygote, as seen by those who ask for them: a handle, and a kernel provisioner."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from toolkit.base.files import socket_folder

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The batch runs as many processes as there are cores; threads inside them would only fight."""
LOOK = 0.005
"""Seconds between two looks at a kernel that starts or ends; jupyter_client's tenth of a second adds up."""
POSSIBLE = os.name == "posix" and hasattr(os, "fork")
"""Whether this system can fork."""


class Zygote:
    """The handle of a zygote, held by the process that started it: when that ends, all ends.

    Attributes
    ----------
    address :
        Path of the Unix socket on which it takes requests, from this process and from its workers.
    """

    def __init__(self) -> None:
        folder = socket_folder("kernels")
        self.address = f"{folder}/zygote"
        self._folder = folder
        lifeline, self._lifeline = os.pipe()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.address)
            listener.listen(64)
            command = [sys.executable, "-m", "toolkit.run.zygote", str(listener.fileno()), str(lifeline), folder]
            self._process = subprocess.Popen(
                command,
                pass_fds=(listener.fileno(), lifeline),
                stdin=subprocess.DEVNULL,
                env={**os.environ, **ONE_THREAD},
                start_new_session=True,
            )
        os.close(lifeline)

    @property
    def pid(self) -> int:
        """Return the number of the zygote's process."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the zygote and everything forked from it."""
        if self._process.returncode is None:
            os.close(self._lifeline)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=10)
            if self._process.poll() is None:  # still importing: it holds no child yet
                self._process.kill()
                self._process.wait()
            shutil.rmtree(self._folder, ignore_errors=True)


class ForkedProcess:
    """A process forked by the zygote, with the methods of `subprocess.Popen` that jupyter_client uses.

    Parameters
    ----------
    address :
        Of the zygote.
    kind :
        ``kernel`` or ``worker``.
    arguments :
        Of the kernel's command line; for a worker, the folders to import from.
    environment, folder :
        Its environment and working folder.
    hand :
        Descriptors to hand over.

    Raises
    ------
    OSError
        If there is no zygote any more.
    """

    stdin = stdout = stderr = None

    def __init__(
        self,
        address: str,
        kind: str,
        *,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: str,
        hand: Sequence[int] = (),
    ) -> None:
        request = {"kind": kind, "arguments": [*arguments], "environment": dict(environment), "folder": folder}
        self._socket = socket.socket(socket.AF_UNIX)
        self.returncode: int | None = None
        self._text = ""
        try:
            self._socket.connect(address)
            line = json.dumps(request).encode() + b"\n"
            sent = socket.send_fds(self._socket, [line], list(hand)) if hand else 0
            self._socket.sendall(line[sent:])
            self.pid = int(self._line().split()[1])
        except (OSError, IndexError, ValueError) as error:
            self._socket.close()
            message = "the process that forks kernels is gone"
            raise ConnectionError(message) from error

    def _line(self) -> str:
        while "\n" not in self._text:
            part = self._socket.recv(4096).decode()
            if not part:
                return ""
            self._text += part
        line, self._text = self._text.split("\n", 1)
        return line

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs."""
        if self.returncode is None:
            self._socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                self._ended(self._line())
        return self.returncode

    def wait(self) -> int:
        """Wait for the end of the process and return its exit code."""
        if self.returncode is None:
            self._socket.setblocking(True)
            self._ended(self._line())
        return self.returncode if self.returncode is not None else -signal.SIGKILL

    def _ended(self, line: str) -> None:
        # without a word from it the zygote is gone, and took the process along
        self.returncode = int(line.split()[1]) if line.startswith("exit") else -signal.SIGKILL
        self._socket.close()

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, as long as it runs."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process and its whole group."""
        if self.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)


def forked_worker(address: str) -> tuple[ForkedProcess, Connection]:
    """Fork a worker and return it with the channel on which it takes jobs."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = ForkedProcess(
            address,
            "worker",
            arguments=sys.path,
            environment=dict(os.environ),
            folder=str(Path.cwd()),
            hand=(theirs.fileno(),),
        )
    return process, Connection(ours.detach())


class ForkedProvisioner(LocalProvisioner):
    """Gets kernels from the zygote; where that is not possible, starts them as usual."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel; `cmd` is the command that would start a plain one."""
        address = self.kernel_spec.metadata["zygote"]
        after = cmd.index("ipykernel_launcher") + 1
        try:
            process = ForkedProcess(
                address,
                "kernel",
                arguments=cmd[after:],
                environment=kwargs["env"],
                folder=str(kwargs.get("cwd") or Path.cwd()),
            )
        except OSError:
            return await super().launch_kernel(cmd, **kwargs)
        self.process = process  # type: ignore[assignment]  # it has the methods of Popen that are used
        self.pid = self.pgid = process.pid
        self.cwd = kwargs.get("cwd") or Path.cwd()
        return self.connection_info

    async def wait(self) -> int | None:
        """Wait for the end of the kernel and return its exit code."""
        while self.has_process and await self.poll() is None:
            await asyncio.sleep(LOOK)
        return await super().wait()
