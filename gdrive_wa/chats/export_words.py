"""WhatsApp's own texts in exported chats, in the languages of the app."""

# ruff: noqa: RUF001 - words of other scripts look like Latin ones

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_AFTERNOON = """
    pm nm μμ md сл слоб слобяд пп odp pop popoldne popodne poslijepodne odpoledne du ptg petang
    ös öğlesonra ch tối em ip eh popiet pēcp م مساء بظ بعدازظهر אחהצ अपराह्न मउ অপরাহ্ণ பிற்பகல்
    หลังเที่ยง 下午 晚上 中午 傍晚 午後 오후 ਬਾਦੁ ಅಪರಾಹ್ನ ከሰዓት ល្ងាច ညနေ tk поподне попладне jioni
    alasiri mchana
"""
_MORNING = """
    am vm πμ pd проб пр дп dop prijepodne dopoledne de pg pagi öö öğledenönce sa sáng fm ap fh
    priešpiet priekšp ص صباحا قظ قبلازظهر לפנהצ पूर्वाह्न मपू পূর্বাহ্ণ முற்பகல் ก่อนเที่ยง 上午 早上
    清晨 凌晨 午前 오전 ਪੂਦੁ ಪೂರ್ವಾಹ್ನ ጥዋት ព្រឹក နံနက် to преподне претпладне asubuhi usiku
"""
_AUDIO_OMITTED = """
    audio omitted/audio weggelassen/audio omitido/áudio ocultado/áudio omitido
    ficheiro de áudio não revelado/audio omis/audio absent/audio omesso/audio weggelaten
    аудиофайл отсутствует/аудио отсутствует/аудіо відсутнє/ses dahil edilmedi/ήχος παραλείφθηκε
    קטע קול הושמט/אודיו הושמט/לא נכלל קטע קול/لم يتم إدراج المقاطع الصوتية/صوت محذوف/صدا حذف شد
    অডিও বাদ দেওয়া হয়েছে/音訊已略去/音訊已省略/音频已忽略/音频已省略
    bỏ qua tệp âm thanh/آڈیو نظرانداز/ไม่มีไฟล์เสียง/ljud utelslutet/ljud uteslutet/ljud utelämnat
    zvuk vynechaný/zvukový soubor vynechán/audio pominięte/pominięto audio/fără audio
    lyd utelatt/lyd udeladt/äänitiedostoa ei sisällytetä/ääni jätetty pois/audio tidak disertakan
    audio tidak dimasukkan/ऑडिओ वगळला/ऑडियो हटाई गयी/ऑडियो छोड़ा गया/오디오 생략됨/음성 생략됨
    音声は含まれていません/音声は省略されました/hang kihagyása/hang kihagyva/zvuk izostavljen
    ઓડિયો ફાઇલ શામેલ કરી નથી/comhad fuaime ar lár/àudio omès/voice message omitted
    sprachnachricht weggelassen/mensaje de voz omitido/mensagem de voz ocultada
    message vocal omis/messaggio vocale omesso/spraakbericht weggelaten/sesli mesaj dahil edilmedi
    голосовое сообщение отсутствует/语音消息已忽略/語音訊息已省略/音声メッセージは省略されました
    음성 메시지 생략됨/הודעה קולית הושמטה
"""
_VOICE_MESSAGE = """
    voice message/voice note/sprachnachricht/mensaje de voz/nota de voz/mensagem de voz
    recado de voz/message vocal/messaggio vocale/nota vocale/spraakbericht/sesli mesaj
    голосовое сообщение/голосове повідомлення/röstmeddelande/talebesked
    talemelding/talebeskjed/ääniviesti
    wiadomość głosowa/wiadomości głosowej/hlasová zpráva/hlasové zprávy/hlasová správa/hangüzenet
    mesaj vocal/mesajul vocal/missatge de veu/pesan suara/mesej suara/tin nhắn thoại/φωνητικό μήνυμα
    гласово съобщение/glasovna poruka/glasovno sporočilo/الرسالة الصوتية/رسالة صوتية/پیام صوتی
    הודעה קולית/ההודעה הקולית/वॉइस मैसेज/ভয়েস মেসেজ/வாய்ஸ் மெசேஜ்
    ข้อความเสียง/语音消息/語音訊息/音声メッセージ/음성 메시지
"""
_DELETED_BY_OWNER = """
    you deleted this message/du hast diese nachricht gelöscht/eliminaste este mensaje
    você apagou esta mensagem/você apagou essa mensagem/eliminou esta mensagem
    vous avez supprimé ce message/hai eliminato questo messaggio/je hebt dit bericht verwijderd
    вы удалили данное сообщение/вы удалили это сообщение/bu mesajı sildiniz
    du raderade detta meddelande/du slettede denne besked/usunąłeś tę wiadomość
    anda menghapus pesan ini/あなたがこのメッセージを削除しました/您已删除此消息/您已刪除此訊息
    이 메시지를 삭제했습니다/מחקת הודעה זו/لقد حذفت هذه الرسالة
"""
_CHAT_FILES = """
    WhatsApp Chat with *|WhatsApp Chat - *|WhatsApp-Chat - *|Chat de WhatsApp - *|Chat WhatsApp - *
    Conversa do WhatsApp - *|Conversa no WhatsApp - *|Discussion WhatsApp - *|WhatsApp-chat - *
    WhatsApp Gesprek met *|دردشة واتساب مع *|محادثة واتساب مع *|* ilə WhatsApp Söhbəti
    WhatsApp Чат с *|* এর সাথে WhatsApp চ্যাট|Xat de WhatsApp amb *|Chat WhatsApp s uživatelem *
    WhatsApp chat med *|WhatsApp Chat mit *|WhatsApp-Chat mit *|Συνομιλία WhatsApp με *
    Chat de WhatsApp con *|WhatsApp'i vestlus kontaktiga *|گفتگوی WhatsApp با *
    WhatsApp-keskustelu henkilön * kanssa|Discussion WhatsApp avec *|* સાથેની WhatsApp વાત
    צ'אט WhatsApp עם *|צ'אט ב-WhatsApp עם *|* के साथ WhatsApp चैट|WhatsApp razgovor s *
    WhatsApp csevegés vele: *|Chat WhatsApp dengan *|Chat WhatsApp con *|*とのWhatsAppチャット
    *とのトーク履歴|WhatsApp чат: *|* ಜೊತೆ WhatsApp ಸಂಭಾಷಣೆ|*님과의 WhatsApp 대화
    *님과 WhatsApp 대화|WhatsApp pokalbis su *|WhatsApp sarakste ar *|WhatsApp разговор со *
    * മായുള്ള WhatsApp ചാറ്റുകൾ|* सोबतच्या WhatsApp गप्पा|Sembang WhatsApp dengan *
    WhatsApp-samtale med *|WhatsApp-chat met *|* ਨਾਲ WhatsApp ਗੱਲਬਾਤ|Czat WhatsApp z *
    Conversa no WhatsApp com *|Conversa do WhatsApp com *|Conversație WhatsApp cu *
    Чат WhatsApp с контактом *|Чат WhatsApp с *|WhatsApp chat s používateľom *
    WhatsApp klepet z *|Biseda me * në WhatsApp|WhatsApp Ћаскање са *|WhatsApp-chatt med *
    Soga za WhatsApp na *|* உடன் WhatsApp உரையாடல்|* తో WhatsApp సంభాషణ|แชท WhatsApp กับ *
    WhatsApp Chat kay *|* ile WhatsApp Sohbeti|Бесіда WhatsApp з *|* کے ساتھ WhatsApp بات چیت
    * bilan WhatsApp chati|Trò chuyện WhatsApp với *|WhatsApp 与 * 的对话|WhatsApp 與 * 的對話
    与*的 WhatsApp 聊天|與*的 WhatsApp 對話|WhatsApp 聊天 - *|WhatsApp 對話 - *|Чат WhatsApp - *
"""
_COPY = re.compile(r"(?: ?\(\d{1,3}\))+$")
_BARE_NUMBER = re.compile(r" \d{1,2}$", re.ASCII)
_DASH = re.compile(r"[^-–]*WhatsApp[^-–]*\s[-–]\s(?P<name>.+)", re.IGNORECASE | re.DOTALL)
_PUNCTUATION = re.compile(r"[\s.,،'’\"״׳“”<>\u064b-\u0652]+")


def _phrases(table: str) -> frozenset[str]:
    parts = (part.strip() for line in table.splitlines() for part in line.split("/"))
    return frozenset(_plain(part) for part in parts if part)


@lru_cache(maxsize=1024)
def _plain(phrase: str) -> str:
    return unicodedata.normalize("NFC", " ".join(phrase.casefold().split())).rstrip(".。")


def _fold(marker: str) -> str:
    return _PUNCTUATION.sub("", unicodedata.normalize("NFC", marker.casefold()))


def _patterns() -> list[re.Pattern[str]]:
    forms = [form.strip() for line in _CHAT_FILES.splitlines() for form in line.split("|")]
    return [
        re.compile(re.escape(form).replace(r"\*", "(?P<name>.+)"), re.IGNORECASE | re.DOTALL)
        for form in sorted(filter(None, forms), key=len, reverse=True)
    ]


_AFTERNOONS = frozenset(map(_fold, _AFTERNOON.split()))
_MORNINGS = frozenset(map(_fold, _MORNING.split()))
_CJK = tuple(word for word in _AFTERNOONS | _MORNINGS if ord(word[0]) > 0x3000)
_OMITTED_PHRASES = _phrases(_AUDIO_OMITTED)
_VOICE_PHRASES = _phrases(_VOICE_MESSAGE)
_OWNERS_PHRASES = _phrases(_DELETED_BY_OWNER)
_FORMS = _patterns()


def is_afternoon(*markers: str) -> bool | None:
    """True for ``PM`` and its equivalents in other languages, False for ``AM``.

    Args:
        markers: the texts before and after a time, which may contain other words.

    Returns:
        None without such a word: the time has 24 hours.
    """
    for marker in markers:
        folded = _fold(marker)
        words = [folded, *map(_fold, marker.split())]
        words += [word for word in _CJK if word in folded]
        if any(word in _AFTERNOONS for word in words):
            return True
        if any(word in _MORNINGS for word in words):
            return False
    return None


def is_omitted_audio(text: str) -> bool:
    """True if WhatsApp wrote `text` in place of audio that was left out of the export."""
    return len(text) <= 60 and _plain(text.strip("<> ")) in _OMITTED_PHRASES


def is_view_once_voice(text: str) -> bool:
    """True if WhatsApp wrote `text`, which is in angle brackets, in place of a view-once
    voice note: the only kind that Android names, ``<View once voice message omitted>``."""
    return len(text) <= 80 and any(phrase in _plain(text) for phrase in _VOICE_PHRASES)


def is_deleted_by_owner(text: str) -> bool:
    """True if WhatsApp wrote `text` in place of a message that its sender, the owner of the
    phone, has deleted."""
    return len(text) <= 80 and _plain(text) in _OWNERS_PHRASES


def chat_of_file_name(stem: str) -> str | None:
    """The name of a chat from the name of the file or folder that WhatsApp exported it to.

    Args:
        stem: the name without its suffix.

    Returns:
        None if the name does not have a form that WhatsApp uses. The number of a copy, as in ``Mum
        (2)``, is part of it; see :func:`without_copy_number`.
    """
    if "_" in stem and " " not in stem:
        stem = stem.replace("_", " ")
    stem = unicodedata.normalize("NFC", stem).strip()
    number = _COPY.search(stem)
    if number is not None and stem.endswith(number[0]):
        inner = chat_of_file_name(stem[: number.start()])
        return None if inner is None else f"{inner}{number[0]}"
    for form in _FORMS:
        if (found := form.fullmatch(stem)) is not None:
            return found["name"].strip() or None
    found = _DASH.fullmatch(stem)
    return None if found is None else found["name"].strip() or None


def without_copy_number(name: str, *, known: Iterable[str] = ()) -> str:
    """`name` without the number that systems add to a second file of the same name.

    Args:
        name: such as ``Mum (2)``, or ``Mum 2`` as a Mac writes it.
        known: a number without brackets counts as that of a copy only if one of these names is
            left.
    """
    bare = _BARE_NUMBER.sub("", name)
    return bare if bare in known else _COPY.sub("", name).strip()
