"""The map of a move: what it may look like, and what its refusal says."""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.moving import subject_map
from providers.moving.subject_map import MapRefused, read

SUBJECTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=255)
TRIMMED = SUBJECTS.filter(lambda text: text == text.strip())


def written(folder: Path, content: bytes | str) -> Path:
    file = folder / "map.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize(
    "content",
    [
        "a,1\nb,2\n",
        "a,1\r\nb,2",
        "old,new\na,1\nb,2\n",
        "\ufeffold,new\r\na,1\r\nb,2\r\n",
        '"a","1"\n\n"b",2\n\n',
    ],
)
def test_it_is_read_with_and_without_a_header_as_programs_write_it(tmp_path: Path, content: str) -> None:
    assert read(written(tmp_path, content)) == {"a": "1", "b": "2"}


def test_a_header_further_down_is_a_pair_of_subjects(tmp_path: Path) -> None:
    assert read(written(tmp_path, "a,1\nold,new\n")) == {"a": "1", "old": "new"}


@given(st.dictionaries(TRIMMED, TRIMMED, min_size=1, max_size=5).filter(lambda d: len(set(d.values())) == len(d)))
def test_every_pair_of_subjects_is_read_as_it_was_written(pairs: dict[str, str]) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "map.csv"
        with file.open("w", encoding="utf-8", newline="") as opened:
            csv.writer(opened).writerows([("old", "new"), *pairs.items()])

        assert read(file) == pairs


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no line with an old and a new subject"),
        ("old,new\n\n", "no line with an old and a new subject"),
        ("a,1\nb\n", "line 2: expected two values, an old and a new subject; found 1"),
        ("a,1,x\n", "line 1: expected two values, an old and a new subject; found 3"),
        ("a;1\n", "line 1: expected two values, an old and a new subject; found 1"),
        ("a,1\na,2\n", "line 2: 'a' has a new subject already"),
        ("a,1\n\nb,1\n", "line 3: '1' is the new subject on line 1 already"),
        ("a,\n", "line 1: a subject has 1 to 255 characters"),
        (",1\n", "line 1: a subject has 1 to 255 characters"),
        (f"a,{'x' * 256}\n", "line 1: a subject has 1 to 255 characters"),
        ("a,1\0\n", "line 1: (a subject has 1 to 255 characters|line contains NUL)"),
        ("a, 1\n", "line 1: ' 1' begins or ends with a blank"),
        ('a,"1\n', "line 1: unexpected end of data"),
        ('a,"1"2\n', "line 1: ',' expected after '\"'"),
        (f"a,{'x' * 200_000}\n", "line 1: field larger than field limit"),
        ('{"a": "1"}\n', "line 1: expected two values, an old and a new subject; found 1"),
        (b"a,\xff\n", "is not UTF-8, from byte 2 on"),
        ("a,1\n".encode("utf-16"), "is not UTF-8, from byte 0 on"),
    ],
)
def test_what_is_no_map_is_refused_with_its_line(tmp_path: Path, content: bytes | str, message: str) -> None:
    with pytest.raises(MapRefused, match=message):
        read(written(tmp_path, content))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for file, message in [
        (tmp_path / "missing", "No such file"),
        (tmp_path, "directory"),
        (Path("a\0b"), "null byte"),
    ]:
        with pytest.raises(MapRefused, match=message):
            read(file)


def test_a_file_without_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(MapRefused, match=f"larger than {subject_map.LARGEST // 2**20} MiB"):
        read(Path("/dev/zero"))
