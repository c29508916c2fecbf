"""Reports: one frozen document an area, and its forms. No fitting here, no kernels.

An area's answers and paths are gathered in a *context* (``context``), with one wording (``wording``). Sections are
made from it as data (``blocks``): ``first_page``, ``targets`` and ``evidence``. They make three documents:
``area_report``, ``plan_summary`` and ``scenario_page``. A document becomes a page or a Word file (``formats``, with
pictures by ``svg``) or a PDF (``paper``). ``index`` makes what stands above all reports:
the page and the workbooks. No form computes a number.
"""
