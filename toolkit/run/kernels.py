"""Kernels for the batch: always this interpreter, warm where the system can fork, and no network port on POSIX.

papermill starts whatever kernel a notebook's metadata names; a notebook written on another machine names
one that may not exist here, or another Python. And kernels that listen on TCP ports, started many at a
time, now and then pick the same port. Both are closed here. The user's own IPython profile (start-up files,
history) is left out: it would make a run depend on whose machine it was.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from importlib.metadata import EntryPoint
from queue import Empty
from typing import Any, Literal, get_args

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from toolkit.base.files import socket_folder
from toolkit.run.forked import LOOK, ONE_THREAD, POSSIBLE

Kernels = Literal["forked", "plain"]
KINDS: tuple[Kernels, ...] = get_args(Kernels)
KERNEL_NAME = "python3"
_PROVISIONER = "toolkit-forked"
_ENTRY = EntryPoint(_PROVISIONER, "toolkit.run.forked:ForkedProvisioner", "jupyter_client.kernel_provisioners")


def usual_kernels() -> Kernels:
    """Return what is used unless told otherwise: forked kernels where the system can fork."""
    return "forked" if POSSIBLE else "plain"


class BatchKernelClient(AsyncKernelClient):
    """Talks to a kernel as soon as it answers."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel answers and its outputs arrive.

        jupyter_client then empties the channel of outputs, which takes 0.2 s of silence; nbclient passes over whatever
        is no output of its cell.

        Parameters
        ----------
        timeout :
            Seconds to wait; None for no limit.

        Raises
        ------
        RuntimeError
            If the kernel dies before that, or does not answer in time.
        """
        begun = time.monotonic()
        while timeout is None or time.monotonic() - begun < timeout:
            self.kernel_info()
            with suppress(Empty):
                reply = await self.shell_channel.get_msg(timeout=1)
                if reply["msg_type"] == "kernel_info_reply":
                    await self.iopub_channel.get_msg(timeout=0.2)
                    self._handle_kernel_info_reply(reply)
                    return
            if not await self.is_alive():
                message = "Kernel died before replying to kernel_info"
                raise RuntimeError(message)
        message = f"Kernel didn't respond in {timeout} seconds"
        raise RuntimeError(message)


class BatchKernelManager(AsyncKernelManager):
    """Starts kernels of the running interpreter, over Unix sockets on POSIX.

    A socket's path must stay below about 100 characters, so it lies in the system's
    temporary folder, not in a user's deep home folder.
    """

    zygote = ""
    """Address of the zygote that forks kernels; empty for plain ones."""

    def __init__(self, **settings: Any) -> None:
        # beside the zygote's own socket, so that whatever happens to us, the zygote clears it away
        beside = os.path.dirname(self.zygote) if os.path.exists(self.zygote) else None  # noqa: PTH110, PTH120
        self._kernel_folder = socket_folder("kernel") if beside is None else tempfile.mkdtemp(prefix="k", dir=beside)
        settings |= {"connection_file": f"{self._kernel_folder}/kernel.json"}
        if os.name == "posix":
            settings |= {"transport": "ipc", "ip": f"{self._kernel_folder}/k"}
        super().__init__(**settings)
        self.client_factory = BatchKernelClient
        self.context.setsockopt(zmq.RECONNECT_IVL, round(1000 * LOOK))  # the kernel is about to open its sockets

    @property
    def kernel_spec(self) -> KernelSpec:
        """Return the kernel of this very interpreter, whatever the notebook's metadata say."""
        quiet = ("--log-level=CRITICAL", "--HistoryManager.enabled=False")
        metadata: dict[str, Any] = {}
        if self.zygote:
            KernelProvisionerFactory.instance(parent=self.parent).provisioners.setdefault(_PROVISIONER, _ENTRY)
            metadata = {"kernel_provisioner": {"provisioner_name": _PROVISIONER}, "zygote": self.zygote}
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", *quiet, "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
            env={**ONE_THREAD, "IPYTHONDIR": self._kernel_folder},
            metadata=metadata,
        )

    async def _async_wait(self, pollinterval: float = LOOK) -> None:
        await super()._async_wait(pollinterval)

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
        """Remove the kernel's folder with its other traces."""
        await self._async_cleanup_resources(restart)
        if not restart:
            shutil.rmtree(self._kernel_folder, ignore_errors=True)


def manager_class(zygote: str) -> type[BatchKernelManager]:
    """Return the kernel manager to give to papermill.

    Parameters
    ----------
    zygote :
        Address of a running zygote; empty for plain kernels.
    """
    return type("ForkedKernelManager", (BatchKernelManager,), {"zygote": zygote}) if zygote else BatchKernelManager
