"""Whether a question can be answered at all: what the rule says, on what evidence, exactly or as a bound."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.attainment.case import Judgement, Refusal
from toolkit.attainment.localities import Localities
from toolkit.attainment.question import Question
from toolkit.attainment.remarks import bound_note
from toolkit.attainment.result import Bound, Note
from toolkit.attainment.verdicts import bound_of
from toolkit.forecast.paths import Path


@dataclass(frozen=True)
class Standing:
    """Where a question stands.

    Attributes
    ----------
    judged :
        What the rule says on joint draws, or what is missing.
    bound :
        Whether the probability is exact or a lower bound.
    paths :
        All paths that the answer rests on, or would rest on.
    """

    judged: Judgement | Refusal
    bound: Bound
    paths: tuple[Path, ...]

    @property
    def proxy(self) -> str:
        """Id of the first stand-in used; empty if none is."""
        return next((path.proxy.proxy_id for path in self.paths if path.proxy is not None), "")


def standing_of(question: Question, localities: Localities | None) -> Standing:
    """Return where a question stands."""
    case = question.case()
    if localities is not None:
        judged = localities.judged
        if isinstance(judged, Refusal) and isinstance(case, Refusal):
            judged = Refusal((*case.missing, *judged.missing), judged.notes)
        return Standing(judged, "exact", localities.paths)
    if isinstance(case, Refusal):
        held = (question.path, question.benchmark_on(across_breaks=True))
        return Standing(case, "exact", tuple(path for path in held if path is not None))
    bounds = [bound_of(case.rule, path) for path in case.paths]
    if None in bounds:
        return Standing(_only_a_bound(case.paths, case.due), "exact", case.paths)
    return Standing(question.judged, bounds[0] or "exact", case.paths)


def _only_a_bound(paths: tuple[Path, ...], due: int) -> Refusal:
    missing: list[Note] = []
    notes: tuple[Note, ...] = ()
    for path in paths:
        if path.proxy is not None and path.proxy.relation != "equal":
            fields = {"indicator": path.indicator, "scope": path.scope, "area": path.area_code}
            missing.append(Note("attainment.missing.instead_of_bound", fields))
            notes += bound_note(path, due)
    return Refusal(tuple(missing), notes)
