"""Kernels of both kinds: the same answers, nothing carried from one notebook to the next, no orphan left."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.run.notebooks import write_notebook
from toolkit.base.files import scratch_folder
from toolkit.run.kernels import ONE_THREAD, POSSIBLE, Kernels, fork_server, start
from toolkit.run.notebook import Limits, NotebookError, execute


@pytest.fixture(scope="module")
def warm() -> Iterator[Kernels]:
    """Keep a fork server that all tests here fork from."""
    if not POSSIBLE:
        pytest.skip("this system cannot fork")
    with fork_server():
        yield "forked"


@pytest.fixture(params=["plain", "forked"])
def kernels(request: pytest.FixtureRequest) -> Kernels:
    """Return what to give to `execute` for each kind of kernel."""
    return "plain" if request.param == "plain" else request.getfixturevalue("warm")


def outputs(notebook: Path) -> list[str]:
    """Return what each code cell printed."""
    cells = nbformat.read(notebook, as_version=4).cells
    return ["".join(output.get("text", "") for output in cell.get("outputs", ())) for cell in cells]


SPOILER = """
import builtins, locale, os, random, subprocess, sys, warnings
import numpy, matplotlib, pandas
matplotlib.rcParams["font.size"] = 77
pandas.set_option("display.precision", 1)
numpy.set_printoptions(precision=1)
numpy.random.seed(7)
random.seed(7)
os.environ["SPOILT"] = "yes"
os.environ["TOOLKIT_LANG"] = "xx"
os.chdir("/")
sys.path.insert(0, "/spoilt")
builtins.print_really = print
warnings.simplefilter("error")
import toolkit.base.texts as texts
texts.catalogue()["run.where"] = {"vi": "spoilt", "en": "spoilt"}
spoilt = True
"""
PROBE = """
import builtins, os, sys, warnings
import numpy, matplotlib, pandas
import toolkit.base.texts as texts
print(matplotlib.rcParams["font.size"], pandas.get_option("display.precision"), numpy.get_printoptions()["precision"])
print(os.environ.get("SPOILT"), os.environ.get("TOOLKIT_LANG"), os.getcwd() == "/", "/spoilt" in sys.path)
print(hasattr(builtins, "print_really"), "spoilt" in globals(), texts.catalogue()["run.where"]["en"] == "spoilt")
print(numpy.random.get_state()[1][0] == 7, warnings.filters[0][0] == "error" and warnings.filters[0][2] is Warning)
"""


def test_a_notebook_that_changes_global_state_does_not_touch_the_next(tmp_path: Path, kernels: Kernels) -> None:
    execute(write_notebook(tmp_path / "spoiler.ipynb", SPOILER), tmp_path / "a" / "a.ipynb", {}, kernels=kernels)
    execute(write_notebook(tmp_path / "probe.ipynb", PROBE), tmp_path / "a" / "b.ipynb", {}, kernels=kernels)
    lines = outputs(tmp_path / "a" / "b.ipynb")[-1].splitlines()
    assert lines == ["10.0 6 8", "None en False False", "False False False", "False False"]


def test_random_numbers_of_two_kernels_differ_unless_seeded(tmp_path: Path, kernels: Kernels) -> None:
    template = write_notebook(
        tmp_path / "t.ipynb", "import random, numpy, uuid; print(random.random(), numpy.random.rand(), uuid.uuid4())"
    )
    for name in "ab":
        execute(template, tmp_path / f"{name}.ipynb", {}, kernels=kernels)
    first, second = (outputs(tmp_path / f"{name}.ipynb")[-1].split() for name in "ab")
    assert all(one != other for one, other in zip(first, second, strict=True))


def test_the_kernel_works_in_the_folder_of_its_notebook_with_one_thread(tmp_path: Path, kernels: Kernels) -> None:
    template = write_notebook(
        tmp_path / "t.ipynb", "import os, sys\nprint(os.getcwd(), os.environ['OMP_NUM_THREADS'], sys.executable)"
    )
    execute(template, tmp_path / "deep" / "out.ipynb", {}, kernels=kernels)
    printed = outputs(tmp_path / "deep" / "out.ipynb")[-1]
    assert f"{tmp_path / 'deep'} 1 {sys.executable}" in printed


def test_executed_notebooks_are_byte_equal_for_both_kinds(tmp_path: Path, warm: Kernels) -> None:
    template = write_notebook(
        tmp_path / "t.ipynb", "import sys\nprint('x', file=sys.stderr)\nprint('y')\n{'a': 1}", "1 / 3"
    )
    for name, kind in (("a", "plain"), ("b", warm), ("c", warm)):
        execute(template, tmp_path / name / "out.ipynb", {"area_code": "05977"}, kernels=kind)
    contents = {(tmp_path / name / "out.ipynb").read_bytes() for name in "abc"}
    assert len(contents) == 1


def test_a_cell_that_takes_too_long_is_stopped_and_named(tmp_path: Path, kernels: Kernels) -> None:
    template = write_notebook(tmp_path / "t.ipynb", "print('kept')", "import time\ntime.sleep(60)")
    started = time.monotonic()
    with pytest.raises(NotebookError, match="cell 4: the cell took longer than 1 s") as caught:
        execute(template, tmp_path / "out.ipynb", {"area_code": "20"}, limits=Limits(cell=1), kernels=kernels)
    assert time.monotonic() - started < 20
    assert caught.value.cell == 4
    assert "kept" in (tmp_path / "out.ipynb").read_text(encoding="utf-8")


def test_a_kernel_that_dies_is_an_error_of_its_cell(tmp_path: Path, kernels: Kernels) -> None:
    template = write_notebook(tmp_path / "t.ipynb", "print('kept')", "import os\nos._exit(3)")
    with pytest.raises(NotebookError, match="cell 3: the notebook's kernel died"):
        execute(template, tmp_path / "out.ipynb", {}, kernels=kernels)
    assert "kept" in (tmp_path / "out.ipynb").read_text(encoding="utf-8")


def test_processes_that_a_notebook_started_end_with_it(tmp_path: Path, kernels: Kernels) -> None:
    sleeper = "import subprocess\nprint(subprocess.Popen(['sleep', '300']).pid)"
    execute(write_notebook(tmp_path / "t.ipynb", sleeper), tmp_path / "out.ipynb", {}, kernels=kernels)
    assert ended(int(outputs(tmp_path / "out.ipynb")[-1]))


def test_without_its_fork_server_a_kernel_is_started_as_usual(
    tmp_path: Path, warm: Kernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forkserver._forkserver, "_forkserver_address", str(tmp_path / "no-server"))
    template = write_notebook(tmp_path / "t.ipynb", "print(1 + 1)")
    execute(template, tmp_path / "out.ipynb", {}, kernels=warm)
    assert outputs(tmp_path / "out.ipynb")[-1] == "2\n"


ENDLESS = (r"(a+)+$", "a" * 60 + "b")
"""A search that takes longer than anybody lives and lets no other thread run."""


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(("work", "given"), [(time.sleep, (300,)), (re.match, ENDLESS)])
def test_a_child_ends_when_its_client_hangs_up(work: Callable[..., None], given: tuple[object, ...]) -> None:
    child = start("forked", work, *given, environment=os.environ)
    time.sleep(0.5)
    assert psutil.pid_exists(child.pid)
    child._popen.finalizer()
    assert ended(child.pid)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "forked"])
@pytest.mark.parametrize("end", [None, signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_and_no_folder_is_left(
    tmp_path: Path,
    kind: str,
    end: signal.Signals | None,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    scratch = Path(tempfile.mkdtemp(prefix="tk-", dir="/tmp"))  # shallow: sockets fit
    request.addfinalizer(lambda: shutil.rmtree(scratch, ignore_errors=True))
    seconds = 0 if end is None else 300
    write_notebook(tmp_path / "t.ipynb", f"import time, subprocess\ntime.sleep({seconds})")
    # a shell starts its background jobs with Ctrl-C ignored, and their children inherit that: so it is asked for here
    program = textwrap.dedent(f"""
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from contextlib import nullcontext
        from pathlib import Path
        from toolkit.run.batch import Job, run_jobs
        from toolkit.run.kernels import fork_server
        from toolkit.run.notebook import execute
        from tests.run.helpers import only_execute
        if __name__ == "__main__":
            folder = Path({str(tmp_path)!r})
            jobs = [
                Job(name, name, folder / "t.ipynb", folder / name / "o.ipynb", folder / name / "o.html", (), "vi")
                for name in "ab"
            ]
            with fork_server() if {kind == "forked"} else nullcontext():
                done = run_jobs(jobs, workers=2, work=only_execute, kernels={kind!r})
            print([item.error for item in done])
    """)
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    root = Path(__file__).parents[2]
    environment = {**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": str(root)}
    before = own_processes(scratch)
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "program.py")], env=environment, stdout=subprocess.PIPE, start_new_session=True
    )
    if end is None:
        assert parent.communicate(timeout=90)[0] == b"['', '']\n"
    else:
        wait_for(lambda: len(connected(scratch)) == 2, 90)
        if end == signal.SIGINT:
            os.killpg(parent.pid, end)  # as a terminal does
        else:
            parent.send_signal(end)
        parent.communicate(timeout=30)
    assert before == []
    wait_for(lambda: own_processes(scratch) == [], 15)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    for purpose in ("kernel", "kernels"):  # what the next run does first
        with scratch_folder(purpose):
            pass
    assert list(scratch.iterdir()) == []


def own_processes(scratch: Path) -> list[int]:
    """Return all processes that work with the scratch folder of a test, whoever their parent is now."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR") == str(scratch) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def connected(scratch: Path) -> list[Path]:
    """Return the connection files of kernels that have opened their sockets."""
    return [file for file in scratch.rglob("kernel.json") if len(list(file.parent.glob("k-*"))) >= 5]


def ended(pid: int) -> bool:
    """Wait until a process has ended, and say whether it has."""
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 10)
    return True


def wait_for(condition: object, seconds: float) -> None:
    """Wait until something holds.

    Raises
    ------
    AssertionError
        If it does not in time.
    """
    limit = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.1)


def test_the_injected_cell_has_the_same_name_in_every_run(tmp_path: Path) -> None:
    execute(write_notebook(tmp_path / "t.ipynb"), tmp_path / "out.ipynb", {"area_code": "20"})
    cells = json.loads((tmp_path / "out.ipynb").read_text(encoding="utf-8"))["cells"]
    assert [cell["id"] for cell in cells] == ["parameters", "injected-parameters"]


WARM = """
import os, sys
from toolkit.run.preload import LEFT_OUT
from toolkit.reports import formats, paper
from toolkit.reports.formats import _exporter
print(len(os.listdir("/proc/self/task")))
print(formats.compiler.cache_info().currsize, paper.fonts.cache_info().currsize, _exporter.cache_info().currsize)
print(*(name for name in LEFT_OUT if name in sys.modules))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_what_is_forked_is_warm_and_has_no_threads() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WARM], env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True
    )
    threads, kept, left_out = done.stdout.splitlines()
    assert (threads, kept, left_out) == ("1", "1 1 1", "")
    assert done.stderr == ""


@pytest.mark.hostile
@pytest.mark.parametrize(
    "cell",
    [
        "while True: print('x' * 10_000)",
        "print('x' * 3_000_000)",
        "from IPython.display import display\nfor _ in range(99): display('y' * 50_000)",
    ],
)
def test_a_cell_that_shows_too_much_is_stopped_and_named(cell: str, tmp_path: Path, kernels: Kernels) -> None:
    write_notebook(tmp_path / "t.ipynb", "print('before')", cell)
    begun = time.monotonic()
    with pytest.raises(NotebookError, match="2 MB") as caught:
        execute(
            tmp_path / "t.ipynb", tmp_path / "o.ipynb", {}, limits=Limits(cell=120, output=2_000_000), kernels=kernels
        )
    assert caught.value.cell == 3
    assert time.monotonic() - begun < 100
    assert "before" in (tmp_path / "o.ipynb").read_text(encoding="utf-8")
    assert (tmp_path / "o.ipynb").stat().st_size < 4_000_000


LASTS = str(100_000 + os.getpid())
"""Seconds that processes left behind would sleep: those of this run of the tests and of no other."""
DAEMONS = {
    "a session of its own": f"import subprocess\nsubprocess.Popen(['sleep', '{LASTS}'], start_new_session=True)",
    "forked twice": (
        "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        os.execvp('sleep', ['sleep', '{LASTS}'])\n    os._exit(0)"
    ),
    "the kernel dies": (
        f"import os, subprocess\nsubprocess.Popen(['sleep', '{LASTS}'], start_new_session=True)\nos._exit(1)"
    ),
}


@pytest.mark.hostile
@pytest.mark.parametrize("kind", DAEMONS)
def test_what_a_cell_leaves_running_ends_with_it(kind: str, tmp_path: Path, kernels: Kernels) -> None:
    def running() -> list[int]:
        return [item.pid for item in psutil.process_iter(["cmdline"]) if item.info["cmdline"] == ["sleep", LASTS]]

    write_notebook(tmp_path / "t.ipynb", DAEMONS[kind])
    if kind == "the kernel dies":
        with pytest.raises(NotebookError):
            execute(tmp_path / "t.ipynb", tmp_path / "o.ipynb", {}, kernels=kernels)
    else:
        execute(tmp_path / "t.ipynb", tmp_path / "o.ipynb", {}, kernels=kernels)
    deadline = time.monotonic() + 10
    while running() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running() == []
