"""The notebooks as a reader gets them: clean in the repository, and running from top to bottom."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

from gdrive_wa.emulation.sample import SampleAccount

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PATIENCE = 240
"""Seconds until a kernel, or a cell, counts as stuck; a busy machine takes long to import all."""
EXPLORE = FOLDER / "01-explore-a-backup.ipynb"

pytestmark = pytest.mark.timeout(4 * PATIENCE)


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


class Ran:
    """A notebook after its kernel ran it: what was shown, and what its variables hold."""

    def __init__(self, path: Path, cwd: Path) -> None:
        notebook = read(path)
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
        self.shown = [output for cell in code_cells(notebook) for output in cell.outputs]

    def _ask(self, expression: str) -> Any:
        code = f"import json; print(json.dumps({expression}))"
        cell = nbformat.v4.new_code_cell(code)  # type: ignore[no-untyped-call]
        self._client.nb.cells.append(cell)
        self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        return json.loads(cell.outputs[0].text)

    def of_kind(self, mime: str) -> list[Any]:
        return [output.data[mime] for output in self.shown if mime in output.get("data", {})]


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:  # what Jupyter keeps of a person stays out of it
        for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(variable, str(folder / variable.lower()))
        patch.setenv("TMPDIR", str(folder))  # the archive that the notebook makes goes with it
        return Ran(EXPLORE, folder)


def test_every_note_of_the_sample_is_in_the_table(explored: Ran, sample: SampleAccount) -> None:
    notes = sample.notes
    chats, people = {note.chat_jid for note in notes}, {note.sender for note in notes}
    assert explored.counts == [len(notes), len(chats), len(people)]


def test_the_recordings_are_restored(explored: Ran, sample: SampleAccount) -> None:
    stored = [note for note in sample.notes if note.whatsapp_path in sample.contents]
    assert len(stored) == len(sample.notes) - 1
    assert len(list(explored.folder.glob("Voice notes/*/*.opus"))) == len(stored)
    assert (explored.folder / "index.html").exists()


def test_one_picture_shows_who_spoke_when(explored: Ran) -> None:
    (picture,) = explored.of_kind("image/png")
    assert base64.b64decode(picture).startswith(b"\x89PNG")
    assert len(base64.b64decode(picture)) > 20_000


def test_one_note_plays_inline_in_browsers_that_ask_for_its_container(explored: Ran) -> None:
    (player,) = [html for html in explored.of_kind("text/html") if "<audio" in html]
    assert 'type="audio/ogg"' in player
    _, _, encoded = player.partition("data:audio/ogg;base64,")
    assert base64.b64decode(encoded.partition('"')[0]).startswith(b"OggS")


def test_no_secret_is_shown(explored: Ran) -> None:
    assert "ya29." not in str(explored.shown)
    assert "RootKey(b" not in str(explored.shown)
