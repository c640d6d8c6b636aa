"""The choice of media by the notes of the databases, on plain entries and notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.kinds import LONGEST_VOICE_NOTE, Kind
from gdrive_wa.core.model import Entry, VoiceNote
from gdrive_wa.core.selection import Selection
from gdrive_wa.jobs.choice import Choice, choose_media

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
EARLIER, LATER = DAY - timedelta(days=30), DAY + timedelta(days=30)
FROM_DAY = Selection(only=frozenset({Kind.VOICE}), since=DAY)
WITH_MUM = Selection(only=frozenset({Kind.VOICE}), chat="Mum")
SEALED = f"Media/{'A1' * 32}.mcrypt1"


def entry(path: str, modified: datetime | None = DAY, size: int | None = 100) -> Entry:
    return Entry(stored_as=f"stored/{path}", path=path, modified=modified, size=size)


def voice(name: str, modified: datetime | None = DAY) -> Entry:
    return entry(f"Media/WhatsApp Voice Notes/202405/{name}", modified)


def audio(name: str, modified: datetime | None = DAY) -> Entry:
    return entry(f"Media/WhatsApp Audio/{name}", modified)


def note(path: str, sent_at: datetime | None = DAY, **changes: object) -> VoiceNote:
    made = VoiceNote(
        chat="Mum",
        chat_jid="15550101@s.whatsapp.net",
        sender="Mum",
        from_me=False,
        sent_at=sent_at,
        message_id=path,
        whatsapp_path=path,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def of_dad(path: str, sent_at: datetime | None = DAY, **changes: object) -> VoiceNote:
    return note(path, sent_at, chat="Dad", chat_jid="15550102@s.whatsapp.net", **changes)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[ArchiveWriter]:
    with ArchiveWriter(tmp_path / "out", timezone=UTC) as opened:
        yield opened


def choose(
    archive: ArchiveWriter,
    selection: Selection,
    entries: list[Entry],
    notes: list[VoiceNote],
    planned: list[Entry] | None = None,
) -> Choice:
    """As a restore does: the plan has the entries that names and files' dates admit."""
    if planned is None:
        planned = [each for each in entries if selection.admits(each)]
    known = archive.expect(notes, selection.means)
    return choose_media(entries, planned, selection, known, archive)


def test_a_note_counts_for_the_day_it_was_sent(archive: ArchiveWriter) -> None:
    moved, touched = voice("PTT-moved.opus", EARLIER), voice("PTT-touched.opus", LATER)
    notes = [note(moved.path, LATER), note(touched.path, EARLIER)]
    assert choose(archive, FROM_DAY, [moved, touched], notes) == Choice([moved])


def test_a_note_without_a_time_counts_for_the_day_of_its_file(archive: ArchiveWriter) -> None:
    new, old = audio("new.m4a", LATER), audio("old.m4a", EARLIER)
    notes = [note(each.path, None) for each in (new, old)]
    assert choose(archive, FROM_DAY, [new, old], notes).media == [new]


def test_a_note_without_a_time_in_another_chat_is_not_taken(archive: ArchiveWriter) -> None:
    mums, dads = audio("mums.m4a"), audio("dads.m4a")
    notes = [note(mums.path, None), of_dad(dads.path, None)]
    assert choose(archive, WITH_MUM, [mums, dads], notes, planned=[]).media == [mums]


def test_a_note_without_a_time_that_a_pattern_leaves_out_is_not_taken(
    archive: ArchiveWriter,
) -> None:
    selection = replace(FROM_DAY, exclude=("Recordings/*",))
    copied = audio("AUD-1.m4a", LATER)
    assert choose(archive, selection, [copied], [note("Recordings/AUD-1.m4a", None)]).media == []


def test_attached_audio_is_a_voice_note_if_a_note_has_its_path(archive: ArchiveWriter) -> None:
    spoken, song = audio("AUD-1.m4a"), audio("song.mp3")
    assert choose(archive, FROM_DAY, [song, spoken], [note(spoken.path)]).media == [spoken]


def test_only_recordings_are_taken_by_their_notes(archive: ArchiveWriter) -> None:
    picture = entry("Media/WhatsApp Images/IMG-1.jpg")
    assert choose(archive, FROM_DAY, [picture], [note(picture.path)]).media == []


def test_files_left_out_by_a_pattern_are_not_taken_by_their_notes(archive: ArchiveWriter) -> None:
    selection = Selection(only=frozenset({Kind.VOICE}), exclude=("*/WhatsApp Audio/*",))
    kept, left_out = entry("Recordings/AUD-1.m4a"), audio("AUD-2.m4a")
    notes = [note(kept.path), note("Recordings/AUD-2.m4a")]  # the second is found by its file name
    assert choose(archive, selection, [left_out, kept], notes).media == [kept]


def test_with_everything_selected_the_plan_is_kept(archive: ArchiveWriter) -> None:
    mums, picture = voice("PTT-1.opus"), entry("Media/WhatsApp Images/IMG-1.jpg")
    spoken = audio("AUD-1.m4a")
    notes = [note(mums.path), note(spoken.path)]
    chosen = choose(archive, Selection(), [picture, mums, spoken], notes, planned=[mums, picture])
    assert chosen == Choice([picture, mums, spoken])  # in the order of the listing


def test_a_missing_note_is_not_searched_by_content_if_all_is_taken(archive: ArchiveWriter) -> None:
    other = voice("PTT-other.opus")
    lost = note("Media/WhatsApp Voice Notes/202405/PTT-lost.opus", sha256="ab" * 32)
    assert choose(archive, Selection(), [other], [lost]) == Choice([other], frozenset())


def test_other_kinds_are_chosen_by_the_plan_alone(archive: ArchiveWriter) -> None:
    picture, mums = entry("Media/WhatsApp Images/IMG-1.jpg"), voice("PTT-1.opus")
    images = Selection(only=frozenset({Kind.IMAGE}))
    assert choose(archive, images, [mums, picture], [note(mums.path)]) == Choice([picture])


def test_other_kinds_of_one_chat_are_only_those_with_a_note(archive: ArchiveWriter) -> None:
    images = Selection(only=frozenset({Kind.IMAGE}), chat="Mum")
    nobodys, dads = (entry(f"Media/WhatsApp Images/IMG-{number}.jpg") for number in (1, 2))
    notes = [note("PTT-1.opus"), of_dad(dads.path)]
    assert choose(archive, images, [nobodys, dads], notes) == Choice([])


def test_of_one_chat_only_its_own_files_are_taken(archive: ArchiveWriter) -> None:
    mums, dads, nobodys = (voice(f"PTT-{name}.opus") for name in ("mum", "dad", "none"))
    notes = [note(mums.path), of_dad(dads.path)]
    assert choose(archive, WITH_MUM, [dads, nobodys, mums], notes) == Choice([mums])


def test_a_chat_that_no_note_has_is_refused(archive: ArchiveWriter) -> None:
    mums = voice("PTT-1.opus")
    with pytest.raises(UsageError, match="no chat with voice notes has 'Zoe'"):
        choose(archive, replace(WITH_MUM, chat="Zoe"), [mums], [note(mums.path)])


HASH = "cd" * 32
LOST = note("Media/WhatsApp Voice Notes/202405/PTT-lost.opus", sha256=HASH)


def test_the_file_of_a_missing_note_is_searched_among_files_without_a_matching_path(
    archive: ArchiveWriter,
) -> None:
    mums, dads, nobodys = (audio(f"{name}.m4a") for name in ("mum", "dad", "none"))
    sealed, picture = entry(SEALED), entry("Media/WhatsApp Images/IMG-1.jpg")
    plain, unsized = entry("strange.bin"), entry(SEALED.replace("A1", "B2"), size=None)
    notes = [LOST, note(mums.path, sha256="01" * 32), of_dad(dads.path, sha256="02" * 32)]
    database = entry("Databases/msgstore-2024-05-01.1.db.crypt15")
    listed = [database, mums, dads, nobodys, sealed, picture, plain, unsized]
    chosen = choose(archive, WITH_MUM, listed, notes)
    assert chosen.by_content == {each.stored_as for each in (nobodys, sealed, unsized)}
    assert chosen.media == [mums, nobodys, sealed, unsized]


def test_another_chats_file_is_searched_if_its_note_has_the_same_content(
    archive: ArchiveWriter,
) -> None:
    same, other = voice("PTT-same.opus"), voice("PTT-other.opus")
    notes = [LOST, of_dad(same.path, sha256=HASH), of_dad(other.path, sha256="02" * 32)]
    chosen = choose(archive, WITH_MUM, [other, same], notes)
    assert chosen == Choice([same], frozenset({same.stored_as}))


def test_a_chosen_notes_own_file_is_not_searched(archive: ArchiveWriter) -> None:
    own = voice("PTT-own.opus")
    twin = note(own.path, sha256=HASH)  # the same recording, sent twice
    assert choose(archive, WITH_MUM, [own], [LOST, twin]) == Choice([own])


def test_a_missing_note_without_a_hash_cannot_be_searched(archive: ArchiveWriter) -> None:
    assert choose(archive, WITH_MUM, [entry(SEALED)], [replace(LOST, sha256=None)]) == Choice([])


@pytest.mark.parametrize(
    ("size", "searched"), [(LONGEST_VOICE_NOTE, True), (LONGEST_VOICE_NOTE + 1, False)]
)
def test_files_longer_than_a_voice_note_are_not_searched(
    archive: ArchiveWriter, size: int, *, searched: bool
) -> None:
    long = entry(SEALED, size=size)
    assert choose(archive, WITH_MUM, [long], [LOST]).media == [long] * searched


def test_files_left_out_by_a_pattern_are_not_searched(archive: ArchiveWriter) -> None:
    selection = replace(WITH_MUM, exclude=("*.mcrypt1",))
    assert choose(archive, selection, [entry(SEALED)], [LOST]) == Choice([])


def test_a_file_taken_by_its_date_does_not_depend_on_its_content(archive: ArchiveWriter) -> None:
    dated, undated = voice("PTT-dated.opus", LATER), voice("PTT-old.opus", EARLIER)
    chosen = choose(archive, FROM_DAY, [dated, undated], [LOST])
    assert chosen == Choice([dated, undated], frozenset({undated.stored_as}))


def test_a_file_refused_by_its_note_is_searched_if_it_has_the_content_of_a_chosen_one(
    archive: ArchiveWriter,
) -> None:
    early = voice("PTT-early.opus", LATER)
    notes = [LOST, note(early.path, EARLIER, sha256=HASH)]
    chosen = choose(archive, FROM_DAY, [early], notes)
    assert chosen == Choice([early], frozenset({early.stored_as}))
