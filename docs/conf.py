"""Sphinx: reference and tutorials, built offline by ``make docs``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import toolkit

HERE = Path(__file__).parent
project = "Bộ công cụ chỉ số Lạng Sơn"
author = "The Lạng Sơn indicator toolkit developers"
release = toolkit.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "pictures", "tables"]
html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "show_prev_next": False,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
}
html_show_sourcelink = False
html_copy_source = False
nb_execution_mode = "off"  # notebooks are executed by `make notebooks`; here they are read
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # nothing is loaded from elsewhere: sliders show in a notebook alone
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
napoleon_google_docstring = False
napoleon_use_ivar = True
myst_enable_extensions = ["dollarmath"]
suppress_warnings = ["config.cache", "mystnb.unknown_mime_type"]

# the tutorials are the notebooks themselves, with their outputs where `make notebooks` has left them
tutorials, ours = HERE / "tutorials", shutil.ignore_patterns("*.py", "figures", ".ipynb_checkpoints")
executed = Path(os.environ.get("EXECUTED_NOTEBOOKS", HERE.parent / "reports" / "notebooks"))
shutil.rmtree(tutorials, ignore_errors=True)
shutil.copytree(HERE.parent / "notebooks", tutorials, ignore=ours)
for notebook in tutorials.glob("*.ipynb"):
    if (executed / notebook.name).is_file():
        shutil.copy(executed / notebook.name, notebook)
