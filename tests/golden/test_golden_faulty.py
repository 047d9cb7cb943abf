"""Files that must be refused: a typed error, its exit code, one sentence, nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import nacre
from nacre.cli import main
from nacre.errors import NacreError, NacreWarning

FAULTY = Path(__file__).parent / "faulty"
EXPECTED: dict[str, int] = json.loads((FAULTY / "expected.json").read_text())


def test_every_file_is_described() -> None:
    names = {path.stem for path in FAULTY.glob("*.nacre")}
    readme = (FAULTY / "README.md").read_text()
    assert names == set(EXPECTED)
    assert all(f"* `{name}` ({code}): " in readme for name, code in EXPECTED.items())


@pytest.mark.parametrize("name", EXPECTED)
def test_decode_refuses(name: str, tiny_weights: Path) -> None:
    with pytest.raises(NacreError) as error:
        nacre.decode(FAULTY / f"{name}.nacre", threads=1)
    assert error.value.exit_code == EXPECTED[name]
    message = str(error.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) > 20


@pytest.mark.parametrize("name", EXPECTED)
def test_the_command_says_so_in_one_line(
    name: str, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NACRE_DEBUG", raising=False)
    output = tmp_path / "out.png"
    result = CliRunner().invoke(main, ["decode", str(FAULTY / f"{name}.nacre"), "-o", str(output)])
    assert result.exit_code == EXPECTED[name], result.output
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", EXPECTED)
def test_info_and_reader_end_in_the_same_kind_of_error_or_none(name: str, tiny_weights: Path) -> None:
    data = (FAULTY / f"{name}.nacre").read_bytes()
    code = 0
    try:
        nacre.info(data)
    except NacreError as refused:
        code = refused.exit_code
    assert code in (0, EXPECTED[name])
    if name.startswith("payload"):
        # What comes in is shown before its checksum does.
        with pytest.warns(NacreWarning, match="damaged"), nacre.open(data, threads=1) as reader:
            assert list(reader.pictures())
        return
    with pytest.raises(NacreError) as error, nacre.open(data, threads=1) as reader:
        list(reader.pictures())
    assert error.value.exit_code == EXPECTED[name]
