"""The text of an exported chat, in the forms of many regions."""

# ruff: noqa: RUF001 - digits and punctuation of other scripts are what is tried

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from gdrive_wa.chats.export_notes import (
    MOST_MENTIONS,
    ExportedChat,
    merge_notes,
    read_exported_chat,
)
from gdrive_wa.chats.export_text import LONGEST_TEXT, ExportedMessage, ExportText, MessageKind
from gdrive_wa.core.export_names import exported_kind, exported_on
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.names import folded_name
from tests.chats.exported import FORMS, MadeChat, make_chat

SEEDS = range(6)


def opened(text: str, *, files: Iterable[str] = (), known_names: Iterable[str] = ()) -> ExportText:
    lines = text.splitlines(keepends=True)
    return ExportText(
        lambda: iter(lines), files={folded_name(file) for file in files}, known_names=known_names
    )


def messages_of(text: str, *, files: Iterable[str] = ()) -> list[ExportedMessage]:
    return list(opened(text, files=files).messages())


def of_made(made: MadeChat) -> ExportText:
    lines = made.text.split("\n")
    files = {folded_name(said.file) for said in made.messages if said.file}
    names = [made.chat, made.file_name]
    return ExportText(lambda: (f"{line}\n" for line in lines[:-1]), files=files, known_names=names)


def chat_of(text: ExportText, *names: str, zone: str = "UTC") -> ExportedChat:
    return read_exported_chat(text, names=names, zone=ZoneInfo(zone))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("region", FORMS)
def test_every_message_of_every_region_is_read_as_it_was(region: str, seed: int) -> None:
    made = make_chat(FORMS[region], random.Random(f"{region} {seed}"))
    found = [
        (message.at, message.sender, message.text, str(message.kind), message.file)
        for message in of_made(made).messages()
    ]
    assert found == [
        (said.at, said.sender, said.text, said.kind, said.file) for said in made.messages
    ]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("region", FORMS)
def test_chat_and_owner_and_notes_are_as_they_were(region: str, seed: int) -> None:
    made = make_chat(FORMS[region], random.Random(f"{region} {seed}"))
    chat = chat_of(of_made(made), made.file_name)
    assert (chat.name, chat.owner) == (made.chat, made.owner)
    assert [(note.sent_at, note.sender, note.from_me, file) for note, file in chat.notes] == [
        (said.at.replace(tzinfo=UTC), said.sender, said.sender == made.owner, said.file)
        for said in made.voices
    ]
    ids = [note.message_id for note, _ in chat.notes]
    assert ids == sorted(set(ids))


def days(text: str) -> list[str]:
    return [message.at.date().isoformat() for message in messages_of(text)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # what no file can decide goes by the punctuation
        ("01/03/2024, 09:00 - A: x", "2024-03-01"),
        ("1/3/2024, 9:00 am - A: x", "2024-03-01"),
        ("1/3/24, 9:00\u202fAM - A: x", "2024-01-03"),
        ("01.03.24, 09:00 - A: x", "2024-03-01"),
        ("2024-03-01, 09:00 - A: x", "2024-03-01"),
        ("24-03-08 09:00 - A: x", "2024-03-08"),
        ("2024. 3. 1. 오전 9:00 - A: x", "2024-03-01"),
        ("2024年3月1日 上午9:00 - A: x", "2024-03-01"),
        ("[24/3/8 上午9:00:00] A: x", "2024-03-08"),
        # a later date decides
        ("01/03/2024, 09:00 - A: x\n01/13/2024, 09:00 - A: x", "2024-01-03"),
        ("1/3/24, 9:00\u202fAM - A: x\n13/3/24, 9:00\u202fAM - A: x", "2024-03-01"),
        # messages stand in the order of time
        ("01/03/2024, 09:00 - A: x\n02/01/2024, 09:00 - A: x", "2024-01-03"),
        # the names of attachments decide
        ("01/03/2024, 09:00 - A: PTT-20240103-WA0001.opus (file attached)", "2024-01-03"),
        ("1/3/24, 9:00\u202fAM - A: PTT-20240301-WA0001.opus (x y)", "2024-03-01"),
        ("[10/11/12 09:00:00] A: <x: 00000001-PHOTO-2010-11-12-09-00-00.jpg>", "2010-11-12"),
        ("[10/11/12 09:00:00] A: <x: 00000001-PHOTO-2012-11-10-09-00-00.jpg>", "2012-11-10"),
        # the clock of a phone may be wrong
        ("01/03/2071, 09:00 - A: x\n13/03/2071, 09:00 - A: x", "2071-03-01"),
        ("01/01/2000, 09:00 - A: x", "2000-01-01"),
        # names of months, which leave nothing to decide
        ("1 de marzo de 2024, 9:05 - A: x", "2024-03-01"),
        ("1 mar. 2024, 9:05 a. m. - A: x", "2024-03-01"),
        ("Mar 1, 2024, 9:05 AM - A: x", "2024-03-01"),
        ("[1. März 2024, 09:05:01] A: x", "2024-03-01"),
        ("[01-Mar-24 9:05:01 PM] A: x", "2024-03-01"),
        ("1 марта 2024 г., 09:05 - A: x", "2024-03-01"),
        ("[11 déc. 2024 à 09:05:00] A: x", "2024-12-11"),
        ("2024 Dec 11 09:05 - A: x", "2024-12-11"),
        ("1 Mar 2024, 9:05 - A: PTT-20240103-WA0001.opus (file attached)", "2024-03-01"),
        # other calendars
        ("1/3/2567 09:00 - A: x", "2024-03-01"),
        ("1/3/67 09:00 - A: x", "2024-03-01"),
        ("۱۴۰۲/۱۲/۱۱،\u200f ۹:۰۰ - A: x", "2024-03-01"),
    ],
)
def test_the_order_of_day_and_month(lines: str, expected: str) -> None:
    assert days(lines)[0] == expected


def test_forwarded_files_with_old_names_do_not_decide_against_the_rest() -> None:
    text = "".join(
        f"0{day}/03/2024, 09:00 - A: IMG-20240105-WA000{day}.jpg (file attached)\n"
        for day in range(1, 9)
    )
    text += "13/03/2024, 09:00 - A: x\n"
    assert days(text)[0] == "2024-03-01"


@pytest.mark.parametrize(
    ("head", "clock"),
    [
        ("1/3/24, 12:05\u202fAM - ", "00:05:00"),
        ("1/3/24, 12:05\u202fPM - ", "12:05:00"),
        ("01/03/24, 9:05 p.m. - ", "21:05:00"),
        ("01/03/24, 9:05\u00a0p.\u00a0m. - ", "21:05:00"),
        ("1/3/24, 9:05 μ.μ. - ", "21:05:00"),
        ("١\u200f/٣\u200f/٢٠٢٤، ٩:٠٥ م - ", "21:05:00"),
        ("[2024/3/1 晚上9:05:07] ", "21:05:07"),
        ("[1.3.2024 klo 21.05.07] ", "21:05:07"),
        ("2024-03-01 21 h 05 - ", "21:05:00"),
        ("2024-03-01 em 9:05 - ", "21:05:00"),
        ("3/1/24, 21:05 – ", "21:05:00"),
        ("\ufeff[01/03/24, 21:05:07] ", "21:05:07"),
        ("\u200e[01/03/24, 21:05:07] ", "21:05:07"),
    ],
)
def test_the_time_of_day(head: str, clock: str) -> None:
    (message,) = messages_of(f"{head}Ana: x")
    assert message.at.time().isoformat() == clock
    assert (message.sender, message.text) == ("Ana", "x")


@pytest.mark.parametrize(
    "line",
    [
        "PTT-20240301-WA0001.opus (file attached)",
        "\u200ePTT-20240301-WA0001.opus (arquivo anexado)",
        "\u200fPTT-20240301-WA0001.opus (קובץ מצורף)",
        "PTT-20240301-WA0001.opus（添付ファイル有り）",
        "PTT-20240301-WA0001.opus இணைக்கப்பட்டது",
        "فایل پیوست شد PTT-20240301-WA0001.opus",
        "PTT-20240301-WA0001.opus",
    ],
)
def test_a_voice_note_of_android_in_any_language(line: str) -> None:
    (message,) = messages_of(f"01/03/2024, 09:00 - Ana: {line}\n")
    assert (message.kind, message.file) == (MessageKind.VOICE, "PTT-20240301-WA0001.opus")


@pytest.mark.parametrize(
    "line",
    ["<attached: {}>", "<adjunto: {}>", "<pièce jointe : {}>", "\u200e<附件：{}>"],
)
def test_a_voice_note_of_an_iphone_in_any_language(line: str) -> None:
    name = "00000012-AUDIO-2024-03-01-09-00-00.opus"
    (message,) = messages_of(f"[01/03/24, 09:00:00] Ana: {line.format(name)}\r\n")
    assert (message.kind, message.file, message.text) == (MessageKind.VOICE, name, "")


@pytest.mark.parametrize(
    "words",
    [
        "View once voice message omitted",
        "Sprachnachricht zur Einmalansicht weggelassen",
        "Голосовое сообщение для однократного прослушивания пропущено",
    ],
)
def test_a_view_once_voice_note_is_a_note_without_a_file(words: str) -> None:
    (message,) = messages_of(f"01/03/2024, 09:00 - Ana: <{words}>\n")
    assert (message.kind, message.file, message.view_once) == (MessageKind.VOICE, None, True)


@pytest.mark.parametrize(
    "words", ["Media omitted", "View once message omitted", "Video note omitted"]
)
def test_other_media_that_were_left_out_are_not_voice_notes(words: str) -> None:
    (message,) = messages_of(f"01/03/2024, 09:00 - Ana: <{words}>\n")
    assert (message.kind, message.view_once) == (MessageKind.LEFT_OUT, False)


@pytest.mark.parametrize(
    "text", ["March 1, 2024 was a fine day, 9:05 am - or so: ok", "May 5 - we met: ok", "Mar 1: x"]
)
def test_a_text_that_begins_with_a_month_is_not_a_message(text: str) -> None:
    (message,) = messages_of(f"01/03/2024, 09:00 - Ana: hello\n{text}\n")
    assert message.text == f"hello\n{text}"


def test_a_file_that_is_only_mentioned_is_text() -> None:
    text = "01/03/2024, 09:00 - Ana: config.ini (the old one)\n"
    (message,) = messages_of(text)
    assert (message.kind, message.file) == (MessageKind.TEXT, None)
    (message,) = messages_of(text, files=["config.ini"])
    assert (message.kind, message.file) == (MessageKind.DOCUMENT, "config.ini")


def test_a_caption_is_before_or_after_its_file() -> None:
    after, before = messages_of(
        "01/03/2024, 09:00 - Ana: IMG-20240301-WA0001.jpg (file attached)\nlook\nhere\n"
        "01/03/2024, 09:00 - Ana: a.pdf • \u200e2 pages \u200e<attached: 00000003-a.pdf>\n"
    )
    assert after.text == "look\nhere"
    assert (before.text, before.file) == ("a.pdf • 2 pages", "00000003-a.pdf")


def test_names_with_colons() -> None:
    text = (
        "01/03/2024, 09:00 - Work: Ben: one\n"
        "01/03/2024, 09:01 - Work: Ben: two: three\n"
        "01/03/2024, 09:02 - Ana: at 9: yes\n"
        "01/03/2024, 09:03 - Work: Ben: four\n"
    )
    assert [message.sender for message in messages_of(text)] == [
        "Work: Ben",
        "Work: Ben",
        "Ana",
        "Work: Ben",
    ]
    (message,) = opened(
        "01/03/2024, 09:00 - Work: Ben: one\n", known_names=["Work: Ben"]
    ).messages()
    assert (message.sender, message.text) == ("Work: Ben", "one")


def test_system_messages_have_no_sender() -> None:
    said = [
        "Messages and calls are end-to-end encrypted. No one outside: nobody.",
        'Ben changed the subject from "A" to "B: C"',
        "Ben changed the subject to “A: B”",
        "Ben left",
    ]
    lines = [f"01/03/2024, 09:00 - {each}\n" for each in said]
    found = messages_of("".join(lines))
    assert [(message.sender, message.kind) for message in found] == [(None, "system")] * 4
    (message,) = messages_of("[01/03/24, 09:00:00] Team: \u200eBen left\n")
    assert message.kind is MessageKind.SYSTEM


def test_what_looks_like_a_message_of_another_form_is_part_of_the_text() -> None:
    (message,) = messages_of(
        "01/03/2024, 09:00 - Ana: they wrote\n"
        "[01/03/24, 09:00:00] Ben: hello\n"
        "[09:00, 01/03/2024] Ben: hello\n"
        "2024-03-01 09:00 - Ben: hello\n"
    )
    assert message.text.count("\n") == 3


def test_lines_before_the_first_message_and_invalid_dates_are_skipped() -> None:
    text = "hello\n\n01/03/2024, 09:00 - Ana: x\n45/77/2024, 09:00 - Ana: y\n"
    assert [message.text for message in messages_of(text)] == ["x"]


def test_a_long_message_is_cut() -> None:
    text = "01/03/2024, 09:00 - Ana: x\n" + ("y" * 999 + "\n") * 1000
    (message,) = messages_of(text)
    assert len(message.text) <= LONGEST_TEXT


def test_marks_and_the_tilde_are_not_part_of_a_name() -> None:
    for name in ("~\u202fBen", "\u200e~ Ben", "\u202aBen\u202c", " Ben"):
        (message,) = messages_of(f"[01/03/24, 09:00:00] {name}: x\n")
        assert message.sender == "Ben"


@pytest.mark.parametrize(
    ("name", "chat"),
    [
        ("WhatsApp Chat with Mum", "Mum"),
        ("WhatsApp Chat with Mum (2)", "Mum"),
        ("WhatsApp_Chat_with_Mum", "Mum"),
        ("WhatsApp Chat - Sunday - lunch", "Sunday - lunch"),
        ("WhatsApp-Chat mit Mum", "Mum"),
        ("Chat de WhatsApp con Mum", "Mum"),
        ("Mum ile WhatsApp Sohbeti", "Mum"),
        ("WhatsApp 與 Mum 的對話", "Mum"),
        ("Biseda me Mum në WhatsApp", "Mum"),
        ("محادثة واتساب مع Mum", "Mum"),
        ("Something WhatsApp else - Mum", "Mum"),
    ],
)
def test_the_chats_name_is_in_the_files(name: str, chat: str) -> None:
    text = "01/03/2024, 09:00 - Ana: x\n01/03/2024, 09:00 - Ben: x\n"
    assert chat_of(opened(text), name).name == chat


def test_a_number_at_the_end_is_a_copys_unless_the_name_has_it() -> None:
    text = "01/03/2024, 09:00 - {}: x\n"
    name = "WhatsApp Chat with Ben (2)"
    assert chat_of(opened(text.format("Ben")), name).name == "Ben"
    assert chat_of(opened(text.format("Ben (2)")), name).name == "Ben (2)"
    assert chat_of(opened(text.format("Ben")), "WhatsApp Chat - Ben 2").name == "Ben"
    assert chat_of(opened(text.format("Ann")), "WhatsApp Chat - Class 7").name == "Class 7"


def test_a_file_name_without_the_chat() -> None:
    one, two = "01/03/2024, 09:00 - Ana: x\n", "01/03/2024, 09:00 - Ben: x\n"
    assert chat_of(opened(one), "_chat", "Export").name == "Ana"
    assert chat_of(opened(one + two), "_chat", "Holiday").name == "Holiday"
    assert chat_of(opened(one + two), "_chat", "ben").name == "Ben"
    iphone = "[01/03/24, 09:00:00] Team: \u200eMessages are encrypted\n"
    assert chat_of(opened(iphone), "_chat", "Export").name == "Team"


def test_who_owns_the_phone() -> None:
    ana, ben = "01/03/2024, 09:00 - Ana: x\n", "01/03/2024, 09:00 - Ben: x\n"
    gone = "01/03/2024, 09:00 - Cem: You deleted this message\n"
    assert chat_of(opened(ana + ben), "WhatsApp Chat with Ben").owner == "Ana"
    assert chat_of(opened(ana + ben), "WhatsApp Chat with Team").owner is None
    assert chat_of(opened(ana + ben + gone), "WhatsApp Chat with Team").owner == "Cem"
    emoji = "01/03/2024, 09:00 - Mum/Home ❤️: x\n"
    assert chat_of(opened(ana + emoji), "WhatsApp Chat with Mum_Home ❤️").owner == "Ana"


def test_an_hour_that_comes_twice_follows_the_message_before() -> None:
    text = "".join(
        f"27/10/2024, {clock} - Ana: PTT-20241027-WA000{number}.opus (file attached)\n"
        for number, clock in enumerate(["02:50", "02:10", "02:55", "03:05"])
    )
    notes = chat_of(opened(text), "WhatsApp Chat with Ana", zone="Europe/Berlin").notes
    clocks = [note.sent_at.strftime("%H:%M") for note, _ in notes if note.sent_at]
    assert clocks == ["00:50", "01:10", "01:55", "02:05"]


def test_a_note_that_one_export_left_out_is_the_same_in_another() -> None:
    line = "[01/03/24, 09:00:00] Ana: {}\n"
    name = "00000002-AUDIO-2024-03-01-09-00-00.opus"
    notes = [
        note
        for body in ("\u200eaudio omitted", f"\u200e<attached: {name}>")
        for note, _ in chat_of(opened(line.format(body)), "WhatsApp Chat - Ana").notes
    ]
    assert len(notes) == 2
    assert len(merge_notes(notes)) == 1
    first, second = (
        replace(note, sha256=letter * 64) for note, letter in zip(notes, "ab", strict=True)
    )
    assert len(merge_notes([first, second, first])) == 2


@pytest.mark.parametrize(
    ("name", "kind", "day"),
    [
        ("PTT-20240301-WA0001.opus", Kind.VOICE, date(2024, 3, 1)),
        ("PTT-20240301-WA0001(1).aac", Kind.VOICE, date(2024, 3, 1)),
        ("AUD-20240301-WA0001.opus", Kind.AUDIO, date(2024, 3, 1)),
        ("00000012-AUDIO-2024-03-01-12-34-56.opus", Kind.VOICE, date(2024, 3, 1)),
        ("00000012-AUDIO-2024-03-01-12-34-56.mp3", Kind.AUDIO, date(2024, 3, 1)),
        ("2017-03-01-AUDIO-00000012.m4a", Kind.VOICE, date(2017, 3, 1)),
        ("00000012-PHOTO-2024-03-01-12-34-56.jpg", Kind.IMAGE, date(2024, 3, 1)),
        ("IMG-20249901-WA0001.jpg", Kind.IMAGE, None),
        ("STK-20240301-WA0001.webp", Kind.STICKER, date(2024, 3, 1)),
        ("00000003-Report.pdf", Kind.DOCUMENT, None),
        ("voice.opus", Kind.VOICE, None),
        ("song.mp3", Kind.AUDIO, None),
        ("msgstore.db", Kind.DOCUMENT, None),
    ],
)
def test_what_the_name_of_a_file_says(name: str, kind: Kind, day: date | None) -> None:
    assert (exported_kind(name), exported_on(name)) == (kind, day)


def test_a_file_belongs_to_a_limited_number_of_messages() -> None:
    line = "01/03/2024, 09:00 - Ana: PTT-20240301-WA0001.opus (file attached)\n"
    chat = chat_of(opened(line * 1000), "WhatsApp Chat with Ana")
    assert (len(chat.notes), chat.refused) == (MOST_MENTIONS, 1000 - MOST_MENTIONS)


PIECES = (
    "[01/03/24, 09:00:00] ", "1/3/24, 9:00 AM - ", "45/99/9999, 99:99 - ", "٠٠/٠٠/٠٠٠٠، ٠:٠٠ - ",
    "Ana: ", ": ", ":", "<", ">", "<a: b.c>", " (x y)", "PTT-99999999-WA99.opus", "\u200e", "\n",
    "\x00", "\ud800", "²", "①1/3/24", "9" * 50, "audio omitted", '"', "“", "\u2028", "\r",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(30))
def test_any_text_is_read_without_an_error(seed: int) -> None:
    rng = random.Random(seed)
    text = "".join(rng.choices(PIECES, k=400))
    chat = chat_of(opened(text), rng.choice(PIECES), "")
    assert chat.messages >= len(chat.notes)


@pytest.mark.parametrize(
    "line",
    ["<a:" + " " * 60_000, "1" * 60_000 + "-WA", "a: " * 20_000, "<a: x" + ".a" * 30_000,
     "a.b(" * 15_000, "PTT-20240301-WA00" * 3_500, "-WA" + "1" * 60_000],
)  # fmt: skip
def test_no_line_takes_long(line: str) -> None:
    started = time.process_time()
    assert len(messages_of(f"[01/03/24, 09:00:00] Ana: {line}\n" * 5)) == 5
    assert time.process_time() - started < 5


def around_notes(text: str, context: int = 3) -> list[tuple[list[str], list[str]]]:
    """The texts before and after each note of a chat with Mum."""
    chat = read_exported_chat(opened(text), names=["Mum"], zone=ZoneInfo("UTC"), context=context)
    return [
        ([each.text for each in note.before], [each.text for each in note.after])
        for note, _ in chat.notes
    ]


AROUND = """\
[01/03/24, 23:58:00] Mum: \u200eMessages and calls are end-to-end encrypted.
[01/03/24, 23:58:30] Mum: yesterday
[02/03/24, 10:00:00] Mum: a
[02/03/24, 10:01:00] Alex: b
[02/03/24, 10:02:00] Mum: c
and more
[02/03/24, 10:03:00] Mum: d
[02/03/24, 10:04:00] Mum: \u200e<attached: 00000001-AUDIO-2024-03-02-10-04-00.opus>
[02/03/24, 10:05:00] Alex: \u200e<attached: 00000002-PHOTO-2024-03-02-10-05-00.jpg>
[02/03/24, 10:06:00] Mum: \u200eaudio omitted
[02/03/24, 10:07:00] Mum: e
[03/03/24, 10:07:00] Mum: tomorrow
"""


def test_messages_around_the_notes_of_an_exported_chat() -> None:
    first, second = around_notes(AROUND)
    assert first == (["b", "c\nand more", "d"], ["", "", "e"])
    assert second == (["d", "", ""], ["e"])
    assert around_notes(AROUND, 0) == [([], []), ([], [])]


def test_senders_and_texts_around_the_notes_of_an_exported_chat() -> None:
    names = ["Mum"]
    chat = read_exported_chat(opened(AROUND), names=names, zone=ZoneInfo("UTC"), context=4)
    [first, _] = [note for note, _ in chat.notes]
    assert [(each.sender, each.from_me) for each in first.before] == [
        ("Mum", False),
        ("Alex", True),
        ("Mum", False),
        ("Mum", False),
    ]
    assert [str(each.kind) for each in first.after] == ["image", "voice", "text"]
    assert first.before[0].sent_at == datetime(2024, 3, 2, 10, tzinfo=UTC)


@pytest.mark.no_cover  # to count lines would double its time
def test_a_chat_of_thousands_of_notes_is_quick() -> None:
    lines = (
        f"[02/03/24, 10:{number % 60:02}:00] Mum: \u200e<attached: {number:08}-AUDIO-x.opus>"
        for number in range(20_000)
    )
    text = opened("\n".join(lines))
    chat = read_exported_chat(text, names=["Mum"], zone=ZoneInfo("UTC"), context=100)
    found = [note for note, _ in chat.notes]
    assert [len(note.before) for note in (*found[:3], found[-1])] == [0, 1, 2, 100]
    assert {len(note.after) for note in found[:-100]} == {100}
