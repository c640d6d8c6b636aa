"""Makes exported chats as phones of many regions write them, together with the expected result."""

# ruff: noqa: RUF001, DTZ001 - words of many languages; a phone writes its local time

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LRM, RLM, NARROW = "\u200e", "\u200f", "\u202f"
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@dataclass(frozen=True, kw_only=True)
class Form:
    """How one region's phones write.

    Attributes:
        head: the date and time before a message.
        attached: the text that attaches a file, with ``{}`` for its name.
        left_out: the text in place of a voice note that was left out; None where that text
            does not give the kind.
        file_name: of the text, or of the ZIP of an iPhone, with ``{}`` for the chat.
        apple: an iPhone wrote it: with seconds, and its own names for files.
        once: what Android writes in place of a voice note to be heard once.
    """

    head: Callable[[datetime], str]
    attached: str
    left_out: str | None = None
    file_name: str
    apple: bool = False
    once: str = "<View once voice message omitted>"


def half_day(at: datetime, morning: str, afternoon: str) -> tuple[int, str]:
    return (at.hour % 12 or 12), afternoon if at.hour >= 12 else morning


def us(at: datetime) -> str:
    hour, mark = half_day(at, "AM", "PM")
    return f"{at.month}/{at.day}/{at:%y}, {hour}:{at:%M}{NARROW}{mark} - "


def us_apple(at: datetime) -> str:
    hour, mark = half_day(at, "AM", "PM")
    return f"[{at.month}/{at.day}/{at:%y}, {hour}:{at:%M:%S}{NARROW}{mark}] "


def india(at: datetime) -> str:
    hour, mark = half_day(at, "am", "pm")
    return f"{at:%d/%m/%y}, {hour}:{at:%M}{NARROW}{mark} - "


def spain(at: datetime) -> str:
    hour, mark = half_day(at, "a. m.", "p. m.")
    return f"[{at.day}/{at.month}/{at:%y}, {hour}:{at:%M:%S}\u00a0{mark}] "


def egypt(at: datetime) -> str:
    hour, mark = half_day(at, "ص", "م")
    date = f"{at.day}{RLM}/{at.month}{RLM}/{at.year}، {hour}:{at:%M}"
    return f"{date.translate(ARABIC)} {mark} - "


def korea(at: datetime) -> str:
    hour, mark = half_day(at, "오전", "오후")
    return f"{at.year}. {at.month}. {at.day}. {mark} {hour}:{at:%M} - "


def taiwan(at: datetime) -> str:
    hour, mark = half_day(at, "上午", "下午")
    return f"[{at.year}/{at.month}/{at.day} {mark}{hour}:{at:%M:%S}] "


def thailand(at: datetime) -> str:
    return f"{at.day}/{at.month}/{at.year + 543} {at:%H:%M} - "


MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
KURZ = "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."


def named(at: datetime, months: str) -> str:
    return months.split()[at.month - 1]


FORMS = {
    "es, months": Form(
        head=lambda at: f"{at.day} de {named(at, MONTHS)} de {at.year}, {at.hour}:{at:%M} - ",
        attached="{} (archivo adjunto)", file_name="Chat de WhatsApp con {}",
        once="<Se omitió el mensaje de voz de visualización única>",
    ),
    "de iPhone, months": Form(
        head=lambda at: f"[{at.day}. {named(at, KURZ)} {at.year}, {at:%H:%M:%S}] ",
        attached=f"{LRM}<Anhang: {{}}>", left_out=f"{LRM}Audio weggelassen",
        file_name="WhatsApp-Chat - {}", apple=True,
    ),
    "en, months": Form(
        head=lambda at: f"{at:%b} {at.day}, {at.year}, {us(at).split(', ')[1]}",
        attached="{} (file attached)", file_name="WhatsApp Chat with {}",
    ),
    "en-US": Form(
        head=us, attached="{} (file attached)", file_name="WhatsApp Chat with {}"
    ),
    "en-US iPhone": Form(
        head=us_apple, attached=f"{LRM}<attached: {{}}>", left_out=f"{LRM}audio omitted",
        file_name="WhatsApp Chat - {}", apple=True,
    ),
    "en-IN": Form(head=india, attached="{} (file attached)", file_name="WhatsApp Chat with {}"),
    "de": Form(
        head=lambda at: f"{at:%d.%m.%y, %H:%M} - ", attached="{} (Datei angehängt)",
        file_name="WhatsApp Chat mit {}",
    ),
    "de iPhone": Form(
        head=lambda at: f"[{at:%d.%m.%y, %H:%M:%S}] ", attached=f"{LRM}<Anhang: {{}}>",
        left_out=f"{LRM}Audio weggelassen", file_name="WhatsApp-Chat - {}", apple=True,
    ),
    "es iPhone": Form(
        head=spain, attached=f"{LRM}<adjunto: {{}}>", left_out=f"{LRM}audio omitido",
        file_name="Chat de WhatsApp - {}", apple=True,
    ),
    "pt-BR": Form(
        head=lambda at: f"{at:%d/%m/%Y %H:%M} - ", attached=f"{LRM}{{}} (arquivo anexado)",
        file_name="Conversa do WhatsApp com {}",
    ),
    "fr": Form(
        head=lambda at: f"{at:%d/%m/%Y} à {at:%H:%M} - ", attached="{} (fichier joint)",
        file_name="Discussion WhatsApp avec {}",
    ),
    "fr-CA": Form(
        head=lambda at: f"{at:%Y-%m-%d} {at:%H} h {at:%M} - ", attached="{} (fichier joint)",
        file_name="Discussion WhatsApp avec {}",
    ),
    "it iPhone": Form(
        head=lambda at: f"[{at:%d/%m/%y, %H:%M:%S}] ", attached=f"{LRM}<allegato: {{}}>",
        left_out=f"{LRM}audio omesso", file_name="Chat WhatsApp - {}", apple=True,
    ),
    "nl": Form(
        head=lambda at: f"{at:%d-%m-%Y %H:%M} - ", attached="{} (bestand bijgevoegd)",
        file_name="WhatsApp-chat met {}",
    ),
    "sv": Form(
        head=lambda at: f"{at:%Y-%m-%d %H:%M} - ", attached="{} (bifogad fil)",
        file_name="WhatsApp-chatt med {}",
    ),
    "fi iPhone": Form(
        head=lambda at: f"[{at.day}.{at.month}.{at.year} klo {at.hour}.{at:%M.%S}] ",
        attached=f"{LRM}<liite: {{}}>", left_out=f"{LRM}äänitiedostoa ei sisällytetä",
        file_name="WhatsApp-keskustelu - {}", apple=True,
    ),
    "ru": Form(
        head=lambda at: f"{at:%d.%m.%Y, %H:%M} - ", attached="{} (файл добавлен)",
        file_name="Чат WhatsApp с {}",
    ),
    "tr": Form(
        head=lambda at: f"{at.day}.{at:%m.%Y %H:%M} - ", attached="{} (dosya ekli)",
        file_name="{} ile WhatsApp Sohbeti",
    ),
    "hu iPhone": Form(
        head=lambda at: f"[{at:%Y. %m. %d. }{at.hour}:{at:%M:%S}] ",
        attached=f"{LRM}<csatolva: {{}}>", left_out=f"{LRM}Hang kihagyása",
        file_name="WhatsApp csevegés - {}", apple=True,
    ),
    "bg": Form(
        head=lambda at: f"{at.day}.{at:%m.%y} г., {at.hour}:{at:%M} ч. - ",
        attached="{} (прикачен файл)", file_name="WhatsApp Чат с {}",
    ),
    "he": Form(
        head=lambda at: f"{at.day}.{at.month}.{at.year}, {at.hour}:{at:%M} - ",
        attached=f"{RLM}{{}} (קובץ מצורף)", file_name="צ'אט WhatsApp עם {}",
    ),
    "ar-EG": Form(
        head=egypt, attached=f"{RLM}{{}} (الملف مرفق)", file_name="دردشة واتساب مع {}"
    ),
    "fa": Form(
        head=lambda at: f"{at:%d/%m/%Y، %H:%M} - ", attached="فایل پیوست شد {}",
        file_name="گفتگوی WhatsApp با {}",
    ),
    "ta": Form(
        head=india, attached="{} இணைக்கப்பட்டது", file_name="{} உடன் WhatsApp உரையாடல்"
    ),
    "ko": Form(head=korea, attached="{} (파일 첨부됨)", file_name="{}님과의 WhatsApp 대화"),
    "zh-TW iPhone": Form(
        head=taiwan, attached=f"{LRM}<附件：{{}}>", left_out=f"{LRM}音訊已省略",
        file_name="WhatsApp 聊天 - {}", apple=True,
    ),
    "ja": Form(
        head=lambda at: f"{at:%Y/%m/%d, %H:%M} - ", attached="{} (添付ファイル有り)",
        file_name="{}とのWhatsAppチャット",
    ),
    "th": Form(head=thailand, attached="{} (ไฟล์ที่แนบ)", file_name="แชท WhatsApp กับ {}"),
    "vi": Form(
        head=lambda at: f"{at:%H:%M}, {at.day}/{at.month}/{at.year} - ",
        attached="{} (tệp đính kèm)", file_name="Trò chuyện WhatsApp với {}",
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Said:
    """A message, as it was sent."""

    at: datetime
    sender: str | None
    text: str
    kind: str
    file: str | None = None


@dataclass
class MadeChat:
    """An exported chat, and what must be read from it."""

    form: Form
    chat: str
    owner: str | None
    messages: list[Said] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return ("\r\n" if self.form.apple else "\n").join([*self.lines, ""])

    @property
    def file_name(self) -> str:
        return self.form.file_name.format(self.chat)

    @property
    def voices(self) -> list[Said]:
        return [said for said in self.messages if said.kind == "voice"]


PEOPLE = ("Mum", "Ben Example", "Dr: Who", "Ana-María 🌻", "+1 555-0142", "עידו", "J. R. Hartley")
TEXTS = (
    "see you at 9:30",
    "one\ntwo: three\n\n[four] 5/6/24",
    "https://example.org/a: b",
    "notes.txt (my own)",
    "😀",
    "1/2/3 go",
    'he said: "it\'s (file attached)"',
)


def make_chat(form: Form, rng: random.Random, *, messages: int = 60) -> MadeChat:
    """A chat over some weeks, of one person or a group."""
    group = rng.random() < 0.4
    people = rng.sample(PEOPLE, 4 if group else 2)
    chat = rng.choice(["Sunday lunch", "משפחה", "A - B: C", "Team 24"]) if group else people[0]
    made = MadeChat(form=form, chat=chat, owner=None if group else people[1])
    at = datetime(2023, rng.randint(1, 12), rng.randint(1, 28), 7, 0, 0)
    _system(made, at)
    for number in range(messages):
        passed = timedelta(hours=rng.choice([0, 0, 1, 5, 30]), minutes=rng.randint(0, 40))
        at += passed + timedelta(seconds=rng.randint(0, 59))
        sender = people[number % 2] if number < 4 else rng.choice(people)
        _add(made, at, sender, number, rng)
    return made


def _add(made: MadeChat, at: datetime, sender: str, number: int, rng: random.Random) -> None:
    kind = rng.choice(["voice", "voice", "text", "text", "audio", "image", "left out", "once"])
    form = made.form
    file: str | None = None
    body = text = ""
    if kind == "left out" and form.left_out is not None:
        kind, body = "voice", form.left_out
        text = body.strip(LRM)
    elif kind == "left out":
        body = text = "<Media omitted>"
    elif kind == "once":
        kind, body, text = "voice", form.once, form.once
    elif kind == "text":
        body = text = rng.choice(TEXTS)
    else:
        file = _file_name(form, kind, at, number, rng)
        body = form.attached.format(file)
        text = "and this" if kind == "image" and not form.apple else ""
        body += f"\n{text}" if text else ""
    shown = f"\u202a{sender}\u202c" if sender.startswith("+") else sender
    _write(made, at, f"{shown}: {body}")
    moment = at if form.apple else at.replace(second=0)
    made.messages.append(Said(at=moment, sender=sender, text=text, kind=kind, file=file))


def _file_name(form: Form, kind: str, at: datetime, number: int, rng: random.Random) -> str:
    if form.apple:
        if kind == "audio":
            return f"{number:08}-a song.mp3"
        name = {"voice": "AUDIO", "image": "PHOTO"}[kind]
        suffix = {"voice": "opus", "image": "jpg"}[kind]
        return f"{number:08}-{name}-{at:%Y-%m-%d-%H-%M-%S}.{suffix}"
    day = at if rng.random() < 0.9 else at - timedelta(days=40)
    name = {"voice": "PTT", "audio": "AUD", "image": "IMG"}[kind]
    suffix = {"voice": "opus", "audio": "m4a", "image": "jpg"}[kind]
    return f"{name}-{day:%Y%m%d}-WA{number:04}.{suffix}"


def _system(made: MadeChat, at: datetime) -> None:
    said = "Messages and calls are end-to-end encrypted. Only people in this chat: no one else."
    if made.form.apple:
        _write(made, at, f"{made.chat}: {LRM}{said}")
    else:
        _write(made, at, said)
    moment = at if made.form.apple else at.replace(second=0)
    sender = made.chat if made.form.apple else None
    made.messages.append(Said(at=moment, sender=sender, text=said, kind="system"))


def _write(made: MadeChat, at: datetime, said: str) -> None:
    head = made.form.head(at)
    made.lines += f"{head}{said}".split("\n")
