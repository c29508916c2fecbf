"""``python -m toolkit.run.explorer NOTEBOOK [PORT]``: serves the scenario page on loopback."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
PORT = 8866
IDLE, LOOK = 600, 60
"""Seconds after which an idle kernel is stopped, and between two looks."""


def arguments(notebook: Path, port: int) -> list[str]:
    """Return Voilà's arguments: loopback alone, our page, idle kernels culled, few kernels at a time."""
    return [
        str(notebook),
        "--no-browser",
        "--Voila.ip=127.0.0.1",
        f"--port={port}",
        "--template=langson",
        "--VoilaConfiguration.multi_kernel_manager_class=toolkit.run.explorer.kernels.CappedKernelManager",
        f"--MappingKernelManager.cull_idle_timeout={IDLE}",
        f"--MappingKernelManager.cull_interval={LOOK}",
        "--MappingKernelManager.cull_connected=True",
    ]


def main(notebook: Path, port: int = PORT) -> None:
    """Serve a notebook until interrupted."""
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(HERE), os.environ.get("JUPYTER_PATH", "")]))
    from voila.app import Voila  # type: ignore[import-untyped]

    print(f"http://127.0.0.1:{port}/", flush=True)  # noqa: T201
    Voila.launch_instance(arguments(notebook, port))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(text) for text in sys.argv[2:3]))
