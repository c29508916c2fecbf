"""Processes of the batch: workers and kernels, forked from one process that has imported everything, or plain ones.

The standard library's fork server does the forking. Every child watches for the end of its parent and then kills its
own process group: nothing outlives its parent, however that ended.

papermill starts whatever kernel a notebook's metadata names; a notebook written on another machine names one that may
not exist here, or another Python. And kernels that listen on TCP ports, started many at a time, now and then pick the
same port. Both are closed here: it is always this interpreter, and on POSIX there is no port. The user's own IPython
profile (start-up files, history) is left out: it would make a run depend on whose machine it was.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import EntryPoint
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.util import get_temp_dir
from pathlib import Path
from queue import Empty
from types import ModuleType
from typing import Any, Literal, get_args

import psutil
import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from toolkit.base.files import socket_folder

if sys.platform == "linux":
    import fcntl

Kernels = Literal["forked", "plain"]
KINDS: tuple[Kernels, ...] = get_args(Kernels)
KERNEL_NAME = "python3"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The batch runs as many processes as there are cores; threads inside them would only fight."""
POSSIBLE = "forkserver" in multiprocessing.get_all_start_methods()
"""Whether this system can fork."""
_PROVISIONER = "toolkit-forked"
_ENTRY = EntryPoint(_PROVISIONER, "toolkit.run.kernels:ForkedProvisioner", "jupyter_client.kernel_provisioners")


def usual_kernels() -> Kernels:
    """Return what is used unless told otherwise: forked kernels where the system can fork."""
    return "forked" if POSSIBLE else "plain"


@contextmanager
def fork_server() -> Iterator[None]:
    """Keep a process ready to fork from, which imports :mod:`toolkit.run.preload` meanwhile; stop it in the end."""
    server: Any = forkserver._forkserver
    settings: Any = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    settings["tempdir"] = folder = socket_folder("kernels")  # of its socket and its children's; ours to clear away
    forkserver.set_forkserver_preload(["toolkit.run.preload"])
    paths = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONSAFEPATH": "1"}  # what we import from, not where we are
    environment = dict(os.environ)
    os.environ.update(ONE_THREAD | paths)
    try:
        with _without_ctrl_c():
            forkserver.ensure_running()
        _replace_environment(environment)
        yield
    finally:
        _replace_environment(environment)
        server._stop()
        del settings["tempdir"]
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Let processes that are started here ignore Ctrl-C from the first: it is their parent's affair, who ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def start(kind: Kernels, work: Callable[..., None], *given: Any, environment: Mapping[str, str]) -> BaseProcess:
    """Start a process that does ``work(*given)`` and ends with this one.

    Raises
    ------
    OSError, EOFError
        If there is no fork server any more.
    """
    context: Any = multiprocessing.get_context("forkserver" if kind == "forked" else "spawn")
    process: BaseProcess = context.Process(target=_child, args=(work, given, dict(environment)))
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")  # else the child would run our main program's file again
    try:
        with _without_ctrl_c():
            process.start()
    finally:
        sys.modules["__main__"] = main
    return process


def _child(work: Callable[..., None], given: tuple[Any, ...], environment: Mapping[str, str]) -> None:
    if os.name == "posix":
        os.setsid()
    _end_with_parent()
    multiprocessing.set_start_method(None, force=True)  # what a notebook starts is none of the fork server's
    _replace_environment(environment)
    if "numpy" in sys.modules:  # the state of the global generator must not be every child's
        sys.modules["numpy"].random.seed()
    work(*given)


def _end_with_parent() -> None:
    """Kill this process and its group when the other end of its parent's pipe is gone."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    if sys.platform == "linux":  # the system does it, even while one long call keeps all threads waiting
        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, -os.getpid())
        fcntl.fcntl(parent.sentinel, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, os.O_ASYNC | fcntl.fcntl(parent.sentinel, fcntl.F_GETFL))
    threading.Thread(target=_kill_after, args=(parent.sentinel,), daemon=True).start()


def _kill_after(sentinel: int) -> None:
    wait([sentinel])
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _replace_environment(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    if os.name == "posix":
        time.tzset()


def share_fork_server(key: bytes | None) -> None:
    """Fork from the server that this process was forked from: the standard library would start another."""
    server: Any = forkserver._forkserver
    server.ensure_running = lambda: None
    server._forkserver_authkey = key


def fork_key() -> bytes | None:
    """Return what :func:`share_fork_server` wants (Python 3.14)."""
    return getattr(forkserver._forkserver, "_forkserver_authkey", None)


def _be_kernel(arguments: list[str], folder: str) -> None:
    from ipykernel.kernelapp import IPKernelApp

    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    sys.argv = ["ipykernel_launcher", *arguments]
    app = IPKernelApp.instance()
    app.initialize(arguments)  # type: ignore[no-untyped-call]
    app.start()  # type: ignore[no-untyped-call]


class _Forked:
    """A forked kernel with the methods of `subprocess.Popen` that jupyter_client uses."""

    stdin = stdout = stderr = None

    def __init__(self, process: BaseProcess) -> None:
        self._process = process

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self._process.pid and self.poll() is None:
            os.kill(self._process.pid, number)


class ForkedProvisioner(LocalProvisioner):
    """Gets kernels from the fork server; where that is not possible, starts them as usual."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel; `cmd` is the command that would start a plain one."""
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        self.cwd = kwargs.get("cwd") or Path.cwd()
        try:
            process = start("forked", _be_kernel, arguments, str(self.cwd), environment=kwargs["env"])
        except (OSError, EOFError):
            return await super().launch_kernel(cmd, **kwargs)
        self.process = _Forked(process)  # type: ignore[assignment]
        self.pid = self.pgid = process.pid
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel's process group, and wait until the kernel has ended."""
        await super().kill(restart)
        if self.process:
            self.process.wait()

    async def cleanup(self, restart: bool = False) -> None:
        """Kill what a kernel that died by itself had started."""
        if self.pgid and os.name == "posix":
            with suppress(OSError):
                os.killpg(self.pgid, signal.SIGKILL)
        await super().cleanup(restart)


class BatchKernelClient(AsyncKernelClient):
    """Talks to a kernel as soon as it answers."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel answers and its outputs arrive; jupyter_client waits for 0.2 s of silence too.

        Raises
        ------
        RuntimeError
            If the kernel dies before that.
        """
        async with asyncio.timeout(timeout):
            while True:
                self.kernel_info()
                with suppress(Empty):
                    reply = await self.shell_channel.get_msg(timeout=1)
                    if reply["msg_type"] == "kernel_info_reply":
                        await self.iopub_channel.get_msg(timeout=0.2)
                        self._handle_kernel_info_reply(reply)
                        return
                if not await self.is_alive():
                    raise RuntimeError("Kernel died before replying to kernel_info")


class BatchKernelManager(AsyncKernelManager):
    """Starts kernels of the running interpreter, over Unix sockets on POSIX.

    A socket's path must stay below about 100 characters, so it lies in the system's
    temporary folder, not in a user's deep home folder.
    """

    kind: Kernels = "plain"

    def __init__(self, **settings: Any) -> None:
        forked = self.kind == "forked"  # then beside the fork server's own socket: cleared away with it
        self._kernel_folder = tempfile.mkdtemp(prefix="k", dir=get_temp_dir()) if forked else socket_folder("kernel")
        settings |= {"connection_file": f"{self._kernel_folder}/kernel.json"}
        if os.name == "posix":
            settings |= {"transport": "ipc", "ip": f"{self._kernel_folder}/k"}
        super().__init__(**settings)
        self.client_factory = BatchKernelClient
        self.context.setsockopt(zmq.RECONNECT_IVL, 5)  # milliseconds: the kernel is about to open its sockets

    @property
    def kernel_spec(self) -> KernelSpec:
        """Return the kernel of this very interpreter, whatever the notebook's metadata say."""
        quiet = ("--log-level=CRITICAL", "--HistoryManager.enabled=False")
        metadata: dict[str, Any] = {}
        if self.kind == "forked":
            KernelProvisionerFactory.instance(parent=self.parent).provisioners.setdefault(_PROVISIONER, _ENTRY)
            metadata = {"kernel_provisioner": {"provisioner_name": _PROVISIONER}}
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", *quiet, "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
            env={**ONE_THREAD, "IPYTHONDIR": self._kernel_folder},
            metadata=metadata,
        )

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
        """Remove the kernel's folder with its other traces, and end what its cells have left running."""
        await self._async_cleanup_resources(restart)
        if not restart:
            end_processes_of(self._kernel_folder)
            shutil.rmtree(self._kernel_folder, ignore_errors=True)


def end_processes_of(folder: str) -> None:
    """End all processes that a kernel has started, in whatever session: its own folder stands in their environment."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get("IPYTHONDIR") == folder:
                process.kill()


class ForkedKernelManager(BatchKernelManager):
    """Gets its kernels from the fork server."""

    kind = "forked"


MANAGERS: Mapping[Kernels, type[BatchKernelManager]] = {"plain": BatchKernelManager, "forked": ForkedKernelManager}
"""What to give to papermill."""
