"""What worker processes of these tests do."""

from __future__ import annotations

from toolkit.run.batch import Done, Job
from toolkit.run.kernels import Kernels
from toolkit.run.notebook import describe, execute


def only_execute(job: Job, kernels: Kernels) -> Done:
    """Execute the notebook of a job, without a page."""
    try:
        execute(job.template, job.notebook, dict(job.parameters), limits=job.limits, kernels=kernels)
    except Exception as error:  # noqa: BLE001
        return Done(job, 0.0, describe(error))
    return Done(job, 0.0)
