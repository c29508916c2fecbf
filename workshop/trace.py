"""Which modules and functions one answer passes on its way from a delivery to the page of its area.

``python -m workshop.trace`` lists them. The way through the house is meant to stay short: a test holds its length.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from datetime import date
from types import FrameType

from toolkit.reports.area_report import build_area_document
from toolkit.run.session import compute_run

AREA = "20"
AS_OF = date(2026, 11, 23)


def page_of_area(draws: int) -> str:
    """Return the table of targets of the province's page, from the files of the data folder."""
    run = compute_run([AREA], as_of=AS_OF, draws=draws)
    area, answers = run.dataset.areas.get(AREA), run.attainments(AREA)
    document = build_area_document(area, answers, run.forecasts, run.dataset, run.plan, language="vi", run=run.facts)
    return str(document.section("targets"))


def functions_on_the_way(draws: int = 200) -> dict[str, set[str]]:
    """Return the functions entered, by module; what is imported or kept on a first call does not count."""
    page_of_area(draws)
    found: dict[str, set[str]] = defaultdict(set)

    def note(frame: FrameType, event: str, _: object) -> None:
        module = str(frame.f_globals.get("__name__", ""))
        if event == "call" and module.startswith("toolkit.") and frame.f_code.co_name != "<module>":
            found[module].add(frame.f_code.co_qualname)

    sys.setprofile(note)
    try:
        page_of_area(draws)
    finally:
        sys.setprofile(None)
    return dict(found)


if __name__ == "__main__":
    passed = functions_on_the_way()
    for module in sorted(passed):
        print(f"{module:40} {len(passed[module])}")  # noqa: T201
    print(f"{len(passed)} modules, {sum(map(len, passed.values()))} functions")  # noqa: T201
