"""The notebooks: clean in the repository, and running from top to bottom."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

import gdrive_wa
from gdrive_wa.emulation.sample import SampleAccount
from tests.notebooks import archives

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PATIENCE = 240
"""Seconds for the start of a kernel, and for a cell; imports take long on a busy machine."""
EXPLORE = FOLDER / "01-explore-a-backup.ipynb"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * PATIENCE)]


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert [cell.source for cell in code_cells(notebook) if cell.outputs] == []
    assert [cell.source for cell in code_cells(notebook) if cell.execution_count] == []
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_explains_before_it_does(path: Path) -> None:
    cells = read(path).cells
    words = sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    assert words > 100


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_uses_only_what_is_public(path: Path) -> None:
    code = "\n".join(cell.source for cell in code_cells(read(path)))
    assert "gdrive_wa." in code
    assert re.findall(r"(?:from|import) gdrive_wa\.\S+", code) == []
    assert set(re.findall(r"\bgdrive_wa\.(\w+)", code)) <= set(gdrive_wa.__all__)


class Ran:
    """An executed notebook: its output and its variables.

    Args:
        path: the notebook.
        cwd: where it runs.
        archive: what the reader puts into the first cell; by default nothing.
    """

    def __init__(self, path: Path, cwd: Path, archive: str = "") -> None:
        notebook = read(path)
        first = code_cells(notebook)[0]
        assert first.source.startswith('my_archive = ""')
        first.source = f"my_archive = {archive!r}"
        # by sockets in a folder: a port that is free now may be another test's before it is taken
        sockets = Config(KernelManager={"transport": "ipc", "ip": str(cwd / "k")})
        self._client = NotebookClient(
            notebook,
            config=sockets,
            timeout=PATIENCE,
            startup_timeout=PATIENCE,
            resources={"metadata": {"path": str(cwd)}},
        )
        with self._client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                self._client.execute_cell(cell, index)
            self.counts = self._ask("[len(notes), len(chats), len(people)]")
            self.folder = Path(self._ask("str(folder)"))
            self.lines = self._ask("lines")
            self.dots = self._ask("len(dots)")
            self.lowest = self._ask("float((dots['height'] + dots['line']).abs().max())")
            self.legend = self._ask("list(legend)")
            self.day = self._ask("[str(at.date()) for at in busiest['sent_at']]")
        self.shown = [output for cell in code_cells(notebook) for output in cell.outputs]

    def _ask(self, expression: str) -> Any:
        code = f"import json; print(json.dumps({expression}))"
        cell = nbformat.v4.new_code_cell(code)  # type: ignore[no-untyped-call]
        self._client.nb.cells.append(cell)
        self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        return json.loads(cell.outputs[0].text)

    def of_kind(self, mime: str) -> list[Any]:
        return [output.data[mime] for output in self.shown if mime in output.get("data", {})]

    @property
    def picture(self) -> bytes:
        """The only picture, as PNG."""
        (encoded,) = self.of_kind("image/png")
        return base64.b64decode(encoded)

    @property
    def players(self) -> list[str]:
        return [html for html in self.of_kind("text/html") if "<audio" in html]


def explore(folder: Path, archive: str = "") -> Ran:
    """Run the notebook as a reader would who put `archive` into its first cell."""
    with pytest.MonkeyPatch.context() as patch:  # without the user's Jupyter settings
        for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(variable, str(folder / variable.lower()))
        patch.setenv("TMPDIR", str(folder))  # the archive that the notebook makes goes with it
        return Ran(EXPLORE, folder, archive)


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The demo's archive: nothing was put into the first cell."""
    return explore(tmp_path_factory.mktemp("nb"))


def test_every_note_of_the_sample_is_in_the_table(explored: Ran, sample: SampleAccount) -> None:
    notes = sample.notes
    chats, people = {note.chat_jid for note in notes}, {note.sender for note in notes}
    assert explored.counts == [len(notes), len(chats), len(people)]
    assert explored.dots == len(notes)


def test_the_recordings_are_restored(explored: Ran, sample: SampleAccount) -> None:
    stored = [note for note in sample.notes if note.whatsapp_path in sample.contents]
    assert len(stored) == len(sample.notes) - 1
    assert len(list(explored.folder.glob("Voice notes/*/*.opus"))) == len(stored)
    assert (explored.folder / "index.html").exists()


def test_the_busiest_day_of_the_sample_is_that_sunday_in_june(explored: Ran) -> None:
    assert set(explored.day) == {"2025-06-29"}
    assert len(explored.day) > 1


def test_one_picture_shows_who_spoke_when(explored: Ran) -> None:
    assert explored.picture.startswith(b"\x89PNG")
    assert len(explored.picture) > 20_000


def test_one_note_plays_inline_in_browsers_that_ask_for_its_container(explored: Ran) -> None:
    (player,) = explored.players
    assert 'type="audio/ogg"' in player
    _, _, encoded = player.partition("data:audio/ogg;base64,")
    assert base64.b64decode(encoded.partition('"')[0]).startswith(b"OggS")


def test_no_secret_is_shown(explored: Ran) -> None:
    assert "ya29." not in str(explored.shown)
    assert "RootKey(b" not in str(explored.shown)


def test_an_archive_of_one_note_of_2016_is_explored(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("nb")
    archive = archives.one_note(folder)
    ran = explore(folder, str(archive.folder))
    assert ran.counts == [1, 1, 1]
    assert ran.folder == archive.folder
    assert ran.day == ["2016-02-29"]
    assert ran.picture
    assert len(ran.players) == 1


def test_an_archive_of_forty_people_is_explored(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("nb")
    archive = archives.many_people(folder)
    notes = archive.notes()
    assert {str(note.status) for note in notes} == {"restored", "missing", "unmatched"}
    assert any(note.sent_at is None for note in notes)
    assert any(note.duration is None for note in notes)
    ran = explore(folder, "archive")  # as it is called from there
    chats, people = {note.chat_jid for note in notes}, {note.sender for note in notes}
    assert len(people) > archives.PEOPLE
    assert ran.counts == [len(notes), len(chats), len(people)]
    years = [note.sent_at.year for note in notes if note.sent_at is not None]
    assert 1970 in years
    assert ran.dots == len(years) - 1
    assert len(ran.lines) == 12
    assert ran.lines[-1] == f"{len(chats) - 11} other chats"
    assert len(ran.legend) == 10
    assert ran.legend[-1].endswith(" others")
    assert ran.lowest < 0.5, "no dot strays into another chat's line"
    assert len(ran.players) == 1
