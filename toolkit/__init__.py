"""The Lạng Sơn indicator toolkit: whether a province will meet the targets of its ethnic-affairs plan.

The public names are those of :mod:`toolkit.api`; it is loaded when the first of them is used, so importing the package
costs little.

Examples
--------
>>> import toolkit
>>> "open_run" in dir(toolkit)
True
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # without importing typing: until the program itself runs, Ctrl-C would end in a traceback
if TYPE_CHECKING:
    from toolkit.api import *  # noqa: F403

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if not name.startswith("_") or name == "__all__":
        api = import_module("toolkit.api")
        if name == "__all__":
            return (*api.__all__, "__version__")
        if name in api.__all__:
            return getattr(api, name)
    raise AttributeError(f"module 'toolkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted((*import_module("toolkit.api").__all__, "__version__"))
