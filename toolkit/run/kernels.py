"""Kernels for the batch: always this interpreter, and no network port where the system can do without.

papermill starts whatever kernel a notebook's metadata names; a notebook written on another machine names
one that may not exist here, or another Python. And kernels that listen on TCP ports, started many at a
time, now and then pick the same port. Both are closed here.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

KERNEL_NAME = "python3"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The batch runs as many processes as there are cores; threads inside them would only fight."""


class BatchKernelManager(AsyncKernelManager):
    """Starts kernels of the running interpreter, over Unix sockets on POSIX.

    A socket's path must stay below about 100 characters, so it lies in the system's
    temporary folder, not in a user's deep home folder.
    """

    def __init__(self, **settings: Any) -> None:
        self._socket_folder = tempfile.mkdtemp(prefix="toolkit-kernel-") if os.name == "posix" else ""
        if self._socket_folder:
            settings |= {
                "transport": "ipc",
                "ip": f"{self._socket_folder}/k",
                "connection_file": f"{self._socket_folder}/kernel.json",
            }
        super().__init__(**settings)

    @property
    def kernel_spec(self) -> KernelSpec:
        """Return the kernel of this very interpreter, whatever the notebook's metadata say."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "--log-level=CRITICAL", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
            env=ONE_THREAD,
        )

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
        """Remove the socket folder with the kernel's other traces."""
        await self._async_cleanup_resources(restart)
        if self._socket_folder and not restart:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
