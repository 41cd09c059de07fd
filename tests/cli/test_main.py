"""The front of the command: what is loaded when, which exit code, what a refusal looks like."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from perennia import cli
from perennia.domain.errors import NotFound


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A command `probe` in the table; the test sets what it does."""
    module = SimpleNamespace(arguments=lambda parser: parser.add_argument("--times", type=int), run=lambda args: 0)
    monkeypatch.setitem(sys.modules, "tests.probe", module)
    monkeypatch.setitem(cli.COMMANDS, "probe", ("tests.probe", "probe"))
    return module


def _raising(error: BaseException):
    def run(args: object) -> int:
        raise error

    return run


def test_a_command_gives_its_own_exit_code(answer: SimpleNamespace) -> None:
    answer.run = lambda args: args.times
    assert cli.main(["probe", "--times", "1"]) == 1


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (
            NotFound(kind="tenant", id="acme"),
            1,
            "perennia: There is no tenant called acme; `perennia tenant list` shows them.\n",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "x.csv"),
            1,
            "perennia: x.csv: No such file or directory.\n",
        ),
        (cli.WrongUse("no such file: x.csv"), 2, "perennia: no such file: x.csv\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_a_refusal_is_one_line(
    answer: SimpleNamespace, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, line: str
) -> None:
    answer.run = _raising(error)
    assert cli.main(["probe"]) == code
    assert capsys.readouterr().err == line


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (NotFound(kind="tenant", id="acme"), 1,
         "perennia: Der er intet regnskab ved navn acme; `perennia tenant list` viser dem.\n"),
        (cli.WrongUse("at least one worker"), 2, "perennia: mindst én arbejder\n"),
        (cli.Failed("a worker ended with code 9; what was done is kept, run it again."), 1,
         "perennia: en arbejder sluttede med kode 9; det, der blev gjort, er bevaret, kør den igen.\n"),
    ],
)  # fmt: skip
def test_a_refusal_in_danish(
    answer: SimpleNamespace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    line: str,
) -> None:
    monkeypatch.setenv("PERENNIA_LANGUAGE", "da")
    answer.run = _raising(error)
    assert cli.main(["probe"]) == code
    assert capsys.readouterr().err == line


def test_a_language_that_is_not_spoken_is_refused_by_its_setting(
    answer: SimpleNamespace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERENNIA_LANGUAGE", "sv")
    assert cli.main(["probe"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("perennia: The setting PERENNIA_LANGUAGE cannot be used.")
    assert "'sv' is none of da, en" in said


@pytest.mark.parametrize("words", [[], ["nonsense"], ["probe", "--times", "twice"]])
def test_wrong_use_is_two(answer: SimpleNamespace, words: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    assert stopped.value.code == 2


def test_help_loads_no_command_and_no_framework() -> None:
    code = "import sys, perennia.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: print(sorted(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'django'" not in shown
    assert "perennia.cli.bill" not in shown


def test_a_reader_that_leaves_makes_no_noise() -> None:
    noisy = "import sys, types, perennia.cli as c; c.COMMANDS['p'] = ('p', 'p'); "
    noisy += "sys.modules['p'] = types.SimpleNamespace(arguments=id, run=lambda a: print('x' * 200_000) or 0); "
    noisy += "sys.exit(c.main(['p']))"
    with subprocess.Popen([sys.executable, "-c", noisy], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize("size", [1, 200_000])
def test_output_that_cannot_be_written_is_one_line(size: int) -> None:
    noisy = "import sys, types, perennia.cli as c; c.COMMANDS['p'] = ('p', 'p'); "
    noisy += f"sys.modules['p'] = types.SimpleNamespace(arguments=id, run=lambda a: print('x' * {size}) or 0); "
    noisy += "sys.exit(c.main(['p']))"
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([sys.executable, "-c", noisy], stdout=full, stderr=subprocess.PIPE, text=True)
    assert ended.stderr == "perennia: the output could not be written: No space left on device.\n"
    assert ended.returncode == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--workers", "-1"], "--workers is 0 or more"),
        (["bill", "--tenant", "x", "--payer", "cus_1", "--workers", "2"], "no meaning with --payer"),
        (["bill", "--tenant", "x", "--workers", "0"], "at least one worker"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_starts(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert cli.main(words) == 2
    assert said in capsys.readouterr().err


def test_a_bug_keeps_its_trace(answer: SimpleNamespace) -> None:
    answer.run = _raising(OSError("no errno: not from the system"))
    with pytest.raises(OSError, match="no errno"):
        cli.main(["probe"])


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_in_the_table_exists(command: str) -> None:
    assert find_spec(cli.COMMANDS[command][0])
