"""Kernels of the scenario page: a few, and none that nobody uses."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError

from toolkit.base.texts import say

MOST_KERNELS = 4


class CappedKernelManager(AsyncMappingKernelManager):
    """Starts no more than :data:`MOST_KERNELS` kernels: each page open holds one."""

    async def start_kernel(self, *args: Any, **options: Any) -> str:  # type: ignore[override]
        """Start a kernel.

        Raises
        ------
        HTTPError
            503 when as many as allowed are running.
        """
        if len(self.list_kernel_ids()) >= MOST_KERNELS:
            raise HTTPError(503, say("scenario.explorer.full"))
        return str(await super().start_kernel(*args, **options))
