from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

import toolkit.base.texts as module
from toolkit.base.errors import UsageError
from toolkit.base.texts import CATALOGUE, FIELD, catalogue, interface_language, say, texts


def fields(text: str) -> set[str]:
    """Return the fields of a text; a month may be a number in one language and a name in the other."""
    return {field.removesuffix("_name") for field in FIELD.findall(text)}


def test_every_text_is_whole_in_both_languages() -> None:
    for key, entry in catalogue().items():
        assert set(entry) == {"vi", "en"}, key
        assert fields(entry["vi"]) == fields(entry["en"]), key
        for text in entry.values():
            assert unicodedata.is_normalized("NFC", text), key
            assert not re.search(r"\{[^\w}]|\{\}|\{\w*$", text), key


@pytest.mark.parametrize("path", sorted(CATALOGUE.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_key_stands_twice_in_a_file(path: Path) -> None:
    keys = re.findall(r"^([\w.]+):", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [key for key in set(keys) if keys.count(key) > 1] == [], "YAML would keep the last one silently"


NOTHING_TO_DO = {
    "missing_signs": "signs for no figure are right as they are",
    "note_row": "a note is right as it is",
    "unknown": "says what the look-up advises",
}
"""Problems without a request to do anything, with the reason."""
ON_THE_FORM = ("qualifier", "status", "note", "standard", "from_year", "available_from")


def test_every_problem_has_a_remedy() -> None:
    computed = {"near", "wanted", "new", "choices", "pattern", "advice"}
    for key in (key for key in catalogue() if ".problem." in key):
        remedy = catalogue()[key.replace(".problem.", ".remedy.")]
        assert fields(remedy["vi"]) <= fields(catalogue()[key]["vi"]) | computed, key
        kind = key.rpartition(".")[2]
        assert ("hãy" in remedy["vi"].casefold()) != (kind in NOTHING_TO_DO), f"{key} does not say what to do"
        assert not re.match("Near|It |They ", remedy["en"]), f"{key} does not say what to do"
        if key.startswith("data."):  # a code of a column stands beside its name on the form
            assert not re.search(rf"(?<!\()\b({'|'.join(ON_THE_FORM)})\b", remedy["vi"]), key


def test_every_problem_has_words_and_is_said_somewhere() -> None:
    rooms = [Path(module.__file__).parents[1] / room for room in ("data", "intake")]
    source = "\n".join(path.read_text(encoding="utf-8") for room in rooms for path in room.glob("*.py"))
    keys = {key.removeprefix("data.problem.") for key in catalogue() if key.startswith("data.problem.")}
    used = set(re.findall(r'(?:\.add|\.warn|Fault)\(\s*"(\w+)"', source))
    assert used <= keys
    named = {key for key in keys if re.search(rf"\b{key}\b", source)}
    assert [key for key in keys - named if not key.startswith(("unknown_", "no_"))] == []


def test_fields_are_filled_and_missing_ones_are_told() -> None:
    assert texts("en").t("problem.more", count=3) == "… and 3 more"
    with pytest.raises(KeyError):
        texts("en").t("problem.more")
    with pytest.raises(KeyError, match=r"problem\.more"):
        texts("vi").t("problem.mor")


def test_text_in_a_field_is_not_a_field() -> None:
    assert "{count}" in texts("en").t("problem.place", file="{count}", row=1)


def test_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError):
        texts("fr")
    monkeypatch.delenv("TOOLKIT_LANG", raising=False)
    assert interface_language() == "vi"
    monkeypatch.setenv("TOOLKIT_LANG", "en_GB.UTF-8")
    assert (interface_language(), say("problem.error")) == ("en", "error")


@pytest.mark.parametrize(
    "content",
    ["a.key: {vi: x, en: y}\nproblem.more: {vi: x, en: y}\n", "a.key: {vi: x}\n", "a.key: {vi: x, en: y, fr: z}\n"],
)
def test_a_defect_of_the_catalogue_is_refused(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text((CATALOGUE / "base.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "b.yaml").write_text(content, encoding="utf-8")
    monkeypatch.setattr(module, "CATALOGUE", tmp_path)
    with pytest.raises(ValueError, match=r"b\.yaml"):
        catalogue.__wrapped__()
