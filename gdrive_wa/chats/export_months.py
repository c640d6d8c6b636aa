"""Names of months at the beginning of a message in an exported chat.

Most phones write numbers. If the phone's region or its owner chose names, they are in the
phone's language, long or short: ``1 de marzo de 2024``, ``Mar 1, 2024``, ``1. März 2024``.
"""

# ruff: noqa: RUF001 - words of other scripts look like Latin ones

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MONTH = r"[^\W\d_][^\W\d_.\u0300-\u036f]{2,12}"
"""A word that may be the name of a month, as a pattern."""
_LEAST = 3
"""Number of letters of the shortest abbreviation."""

_NAMES = """
    january februar march april may june july august september october november december
    januar februar märz april mai juni juli august september oktober november dezember
    jänner februar märz april mai juni juli august september oktober november dezember
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    enero febrero marzo abril mayo junio julio agosto setiembre octubre noviembre diciembre
    janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
    janvier février mars avril mai juin juillet août septembre octobre novembre décembre
    gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
    gener febrer març abril maig juny juliol agost setembre octubre novembre desembre
    januari februari maart april mei juni juli augustus september oktober november december
    januari februari mars april maj juni juli augusti september oktober november december
    januar februar mars april mai juni juli august september oktober november desember
    january februari mac april mei jun julai ogos september oktober november disember
    januari februari maret april mei juni juli agustus september oktober november desember
    ianuarie februarie martie aprilie mai iunie iulie august
        septembrie octombrie noiembrie decembrie
    ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
    stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października - grudnia
    ledna února března dubna května června července srpna září října listopadu prosince
    января февраля марта апреля мая июня июля августа сентября октября ноября декабря
    січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
    януари февруари март април май юни юли август септември октомври ноември декември
    ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου
        νοεμβρίου δεκεμβρίου
    يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
    ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר
    जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर
    tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta
        lokakuuta marraskuuta joulukuuta
    január február március április május június július augusztus
        szeptember október november december
"""
_IRREGULAR = {
    "mar": 3,
    "mrt": 3,
    "mrz": 3,
    "ene": 1,
    "sept": 9,
    "dez": 12,
    "dic": 12,
    "lis": 11,
    "listopada": 11,
}


def month_named(word: str) -> int | None:
    """The number, from 1, of the month with the name or abbreviation `word` in any language; None
    for other words."""
    return _month(_fold(word))


@lru_cache(maxsize=512)
def _month(folded: str) -> int | None:
    if folded in _IRREGULAR:
        return _IRREGULAR[folded]
    if len(folded) < _LEAST:
        return None
    found = {number for name, number in _ALL if name.startswith(folded)}
    exact = {number for name, number in _ALL if name == folded}
    found = exact or found
    return found.pop() if len(found) == 1 else None


def _fold(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.casefold().strip("."))
    return re.sub("[\u0300-\u036f]", "", plain)


def _all() -> list[tuple[str, int]]:
    words = _NAMES.split()
    return [(_fold(word), place % 12 + 1) for place, word in enumerate(words) if word != "-"]


_ALL = _all()
