from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.base.problems import Problems
from toolkit.data.parsing import csv_rows, delimiter_of

CELL = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=8)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from([",", ";", "\t", "|"]))
def test_what_a_program_writes_is_read(rows: list[list[str]], delimiter: str) -> None:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    problems = Problems("f")
    found = list(csv_rows(stream.getvalue(), delimiter, problems))
    assert [list(row.cells) for row in found] == rows
    assert [row.number for row in found] == list(range(1, len(rows) + 1))
    assert problems.found == []


def test_blank_lines_count_and_line_breaks_in_quotes_do_not() -> None:
    found = list(csv_rows('a,b\n\n1,"x\ny"\n2,z\n', ",", Problems("f")))
    assert [(row.number, row.cells) for row in found] == [
        (1, ("a", "b")), (2, ()), (3, ("1", "x\ny")), (4, ("2", "z")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ['a,b\n1,"x\n2,y\n3,z\n', 'a,b\n1,"x"x\n2,y\n3,z\n', 'a,b\n1,"x\n2,y "q"\n3,z\n', 'a,b\n1,"x\n2,"y"\n3,z\n']
)
def test_a_damaged_record_does_not_swallow_the_next(text: str) -> None:
    problems = Problems("f")
    found = {row.number: row.cells for row in csv_rows(text, ",", problems)}
    assert problems.found[0].row == 2
    assert found[4] == ("3", "z")


def test_a_file_of_damaged_records_ends_with_what_was_not_read() -> None:
    problems = Problems("f")
    text = "a,b\n" + '1,"x"x\n' * 500
    assert len(list(csv_rows(text, ",", problems))) == 1
    assert problems.found[-1].row == 52
    assert "450" in problems.found[-1].problem


def test_a_huge_cell_ends_quickly() -> None:
    problems = Problems("f")
    list(csv_rows("a,b\n1," + "x" * 300_000 + "\n2,y\n", ",", problems))
    assert [problem.row for problem in problems.found] == [2]


@given(st.text(alphabet='ab",;\n\r\t| ', max_size=60))
def test_any_text_is_read_or_told(text: str) -> None:
    problems = Problems("f")
    rows = list(csv_rows(text, ",", problems))
    numbers = [row.number for row in rows] + [problem.row for problem in problems.found]
    assert sorted(set(numbers)) == sorted(numbers)
    assert numbers == [] or min(numbers) >= 1


def test_a_delimiter_is_chosen_by_known_names() -> None:
    names = ("area_code", "value", "year")
    assert delimiter_of("Báo cáo, 2024\narea_code;year;value\n", names) == ";"
    assert delimiter_of("x", names) == ","
