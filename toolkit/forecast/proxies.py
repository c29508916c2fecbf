"""Declared stand-ins: the path of what is measured, turned into what the target asks about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from toolkit.data.indicators import Indicator, Proxy
from toolkit.forecast.paths import FloatArray, Path, ProxyUse


def through_proxy(proxy: Proxy, wanted: Indicator, source: Path, share: Path | None) -> Path | None:
    """Return the path of `wanted` as seen through `proxy`, or None if a share that it needs has no path.

    Parameters
    ----------
    proxy :
        The declaration in ``indicators.yaml``.
    wanted :
        The target's own indicator.
    source :
        Path of the indicator that is measured.
    share :
        For ``divide_by_share``: path of the share, in per cent, over any years.

    Notes
    -----
    ``divide_by_share`` is a bound: if every poor household were of the group, the group's rate would be the
    overall rate divided by the group's share, and never above 100 %.
    """
    use = ProxyUse(proxy.id, proxy.indicator, proxy.scope, proxy.relation)
    match proxy.transform.kind:
        case "identity":
            draws = source.draws
        case "scale":
            draws = source.draws * proxy.transform.factor
        case "divide_by_share":
            if share is None:
                return None
            draws = np.minimum(100.0 * source.draws / _over_years(share, source), 100.0)
            use = replace(use, unknown_share=share.evidence.basis == "C", share_note=_last_share(share))
    return replace(
        source,
        indicator=wanted.id,
        scope=proxy.for_scope,
        unit=wanted.unit,
        draws=np.asarray(draws, dtype=np.float64),
        final=np.zeros_like(source.final),  # a stand-in settles nothing
        proxy=use,
        period_averages=(),
    )


def _over_years(share: Path, source: Path) -> FloatArray:
    """Return the share in each year of `source`, held where the last figure left it.

    Who lives in a province changes slowly, and the figures held show no trend: continuing one would add
    movement that nobody saw. Not knowing an area's share stays in the draws all the same.
    """
    last = share.position(min(share.evidence.last_year, int(share.years[-1])))
    columns = np.clip(source.years - share.years[0], 0, last)
    return np.clip(share.draws[:, columns], 0.1, 100.0)


def _last_share(share: Path) -> str:
    figures = share.evidence.observations
    return f"{figures[-1].value:g} ({figures[-1].year})" if figures else ""
