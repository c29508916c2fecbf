"""Reports: one frozen document an area, and its forms. No fitting here, no kernels.

An area's answers and paths are gathered in a *context* (``context``), with one wording (``wording``). Sections are
made from it as data (``blocks``): ``targets``, ``fan_charts``, ``outlook``, ``data_quality``, ``method`` and
``changes``. They make three documents: ``area_report``, ``plan_summary`` and ``scenario_page``. A document becomes a
page (``html``, with pictures by ``svg``; ``index`` is the page above all others), a PDF (``paper``) or a Word file
(``word``); ``formats`` names these forms. Tables become workbooks and CSV files in ``sheets``. No form computes a
number.
"""
