"""Reports: one frozen document an area, and its forms. No fitting here, no kernels.

What flows, module by module: answers and paths become a *context* (``context``, ``facts``, ``cycle``), the context
becomes *sections* of *parts* (``parts``, ``figures``, ``sections``; made by ``target_tables`` and ``cells``, ``fans``,
``answers``, ``movable``, ``own_targets``, ``gaps``, ``readings``, ``about`` and ``calibration``; for the plan by
``heat``, ``tiles``, ``changes``), sections become a *document* (``document``, ``plan_document``, ``comparison``) with
its sentences (``narrative``, ``requirement``, ``words``) and letterhead (``letter``), and the document becomes its
*forms*: a page (``html``, ``page`` from a notebook, ``index`` above them), pieces for paper (``printed``) set as
Word (``word``) or PDF (``pdf``, ``typesetting``), and tables (``sheets``). Pictures are SVG of our own (``svg``,
``charts``). No form computes a number.
"""
