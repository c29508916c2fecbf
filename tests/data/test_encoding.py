from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.base.problems import Problems
from toolkit.data.parsing import decode, looks_like_tcvn3

VIETNAMESE = "Tỷ lệ hộ nghèo của huyện Bình Gia, tỉnh Lạng Sơn: Đồng bào dân tộc thiểu số vùng đặc biệt khó khăn"
LETTERS = "aáàảãạăắằẳẵặâấầẩẫậeéèẻẽẹêếềểễệiíìỉĩịoóòỏõọôốồổỗộơớờởỡợuúùủũụưứừửữựyýỳỷỹỵđĐ ,.;0123456789"


def to_windows_1258(text: str) -> bytes:
    """Write letters with their circumflex, breve or horn as one byte and the tone behind it, as Windows does."""
    out = b""
    for letter in text:
        try:
            out += letter.encode("cp1258")
        except UnicodeEncodeError:
            base, *tones = unicodedata.normalize("NFD", letter)
            tone = next(mark for mark in tones if mark in "\u0300\u0301\u0303\u0309\u0323")
            rest = unicodedata.normalize("NFC", base + "".join(mark for mark in tones if mark != tone))
            out += rest.encode("cp1258") + tone.encode("cp1258")
    return out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_encodings(encoding: str) -> None:
    text = f"area_code,note\n181,{VIETNAMESE}\n"
    problems = Problems("f")
    assert decode(text.encode(encoding), problems) == text
    assert problems.found == []


@given(st.text(alphabet=LETTERS, min_size=1, max_size=60))
def test_windows_1258_comes_back_composed(text: str) -> None:
    problems = Problems("f")
    read = decode(f"xin chào {text} Việt Nam ơ ư đ".encode(), problems)
    assert read == f"xin chào {text} Việt Nam ơ ư đ"
    data = to_windows_1258(f"{VIETNAMESE} {text}")
    read = decode(data, problems)
    assert read == f"{VIETNAMESE} {text}"
    assert problems.found == []


@given(st.text(max_size=60))
def test_utf8_is_composed(text: str) -> None:
    problems = Problems("f")
    read = decode(unicodedata.normalize("NFD", text).encode("utf-8-sig"), problems)
    assert read == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("data", "row"),
    [(f"a\n{VIETNAMESE}\n".encode() + b"b\xff\n", 3), (VIETNAMESE.encode("utf-16")[:-1], 1), (bytes(800), 1)],
)
def test_what_cannot_be_read_is_told_with_its_row(data: bytes, row: int) -> None:
    problems = Problems("f")
    decode(data, problems)
    assert [(problem.row, problem.severity) for problem in problems.found] == [(row, "error")]


def test_old_tcvn3_text_is_recognised_and_refused() -> None:
    text = "Tû lÖ hé nghÌo cña huyÖn B×nh Gia, tØnh L¹ng S¬n\nD©n téc thiÓu sè"
    problems = Problems("f")
    assert decode(b"ma;ten\n" + text.encode("latin-1"), problems) == ""
    assert [problem.row for problem in problems.found] == [2]
    assert looks_like_tcvn3(text)
    assert not looks_like_tcvn3(to_windows_1258(VIETNAMESE).decode("cp1258"))


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    decode(data, Problems("f"))


def test_everyday_tcvn3_is_told_from_windows_1258() -> None:
    from toolkit.data.parsing import looks_like_tcvn3

    tcvn3 = "Tû lÖ hé nghÌo n¨m 2020 cña huyÖn B×nh Gia".encode("cp1252")
    assert looks_like_tcvn3(tcvn3.decode("cp1258", errors="replace"))
    windows = "Ty\u0309 lê\u0323 hô\u0323 nghe\u0300o năm 2020 cu\u0309a huyê\u0323n Bi\u0300nh Gia".encode("cp1258")
    assert not looks_like_tcvn3(windows.decode("cp1258"))
