"""All problems of a check as one page of HTML: no script, no address, every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from toolkit.base.errors import Problem
from toolkit.base.texts import Language, texts

COLUMNS = ("severity", "file", "sheet", "row", "column", "value", "problem", "remedy")
STYLE = (
    "body{font:16px/1.45 system-ui,sans-serif;margin:1rem;color:#1a1a1a;background:#fff}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #767676;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{background:#eee}tr.error td:first-child{font-weight:bold;color:#a40000}.wide{overflow-x:auto}"
    "td:nth-child(4){text-align:right}"
)


def problem_page(problems: Sequence[Problem], language: Language) -> str:
    """Return a whole page with one row a problem, errors and warnings counted on top.

    Parameters
    ----------
    problems :
        As :func:`toolkit.desk.check.check_file` returns them.
    language :
        Of headings; the problems' own words are in the language they were made in.
    """
    words = texts(language)
    errors = sum(problem.severity == "error" for problem in problems)
    title = words.t("desk.check.title")
    summary = words.t("desk.check.summary", errors=errors, warnings=len(problems) - errors)
    heads = "".join(f'<th scope="col">{escape(words.t(f"desk.check.{name}"))}</th>' for name in COLUMNS)
    rows = "\n".join(_row(problem, language) for problem in problems)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table>" if problems else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main><h1>{escape(title)}</h1><p>{escape(summary)}</p>\n"
        f'<div class="wide" tabindex="0">{table}</div></main></body></html>'
    )


def _row(problem: Problem, language: Language) -> str:
    shown = {name: str(getattr(problem, name)) for name in COLUMNS}
    shown["severity"] = texts(language).t(f"problem.{problem.severity}")
    cells = "".join(f"<td>{escape(shown[name])}</td>" for name in COLUMNS)
    return f'<tr class="{escape(problem.severity)}">{cells}</tr>'
