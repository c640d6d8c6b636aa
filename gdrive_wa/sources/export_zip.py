"""Find exported chats in ZIPs, which are untrusted: links, names that lead out of the folder,
locked members, and members with an extreme compression are left out.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from gdrive_wa.core.errors import FormatError, UnsafeNameError
from gdrive_wa.core.junk import is_junk
from gdrive_wa.core.moments import EPOCH, moment_at
from gdrive_wa.core.names import parts_of
from gdrive_wa.sources.export_files import (
    DAMAGED,
    ExportedFile,
    ExportFolder,
    as_folder,
    with_sorted_media,
)

_SMALL = 4 << 20
_MOST = 256 << 20
_BOMB = 100
"""Maximum compression of a large member: recordings and chats are not compressed more than that."""
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UTF8 = 0x800
_LOCKED = 0x1


def exports_in_zip(path: Path, label: str, warnings: list[str]) -> Iterator[ExportFolder]:
    """The exported chats in a ZIP; each of its folders may be one.

    Raises:
        FormatError: it is not a ZIP, or it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        size, written = path.stat().st_size, path.stat().st_mtime
    except (OSError, *DAMAGED) as error:
        raise FormatError(
            f"the ZIP '{path.name}' cannot be opened",
            hint="it may not have arrived completely; export the chat again, or copy it again",
        ) from error
    if sum(member.compress_size for member in members) > size:
        raise FormatError(f"the ZIP '{path.name}' declares more content than it has")
    if sum(member.file_size for member in members) > max(_MOST, _BOMB * size):
        raise FormatError(f"the ZIP '{path.name}' would expand to an implausible size")
    latest = moment_at(written) or EPOCH
    by_folder: dict[str, dict[str, ExportedFile]] = {}
    for folder, name, info in _safe_members(members, path.name, warnings):
        stored_as = "/".join(filter(None, (label, folder, name)))
        file = ExportedFile(
            stored_as=stored_as,
            name=name,
            size=info.file_size,
            modified=_written(info, latest),
            revision=f"{info.file_size}-{info.CRC:08x}",
            path=path,
            member=info.filename,
        )
        by_folder.setdefault(folder, {})[name] = file
    found: dict[str, ExportFolder] = {}
    for folder, inside in sorted(by_folder.items()):
        names = tuple(filter(None, (folder.rpartition("/")[2], path.stem)))
        shown = "/".join(filter(None, (label, folder))) or path.stem
        chats = list(as_folder(shown, names, inside.values()))
        above = next((each for each in _above(folder) if each in found), None)
        if chats:
            found[folder] = chats[0]
        elif above is not None:
            found[above] = with_sorted_media(found[above], inside.values())
    nested = any(name.lower().endswith(".zip") for inside in by_folder.values() for name in inside)
    if found and nested:
        warnings.append(
            f"there are ZIPs in '{path.name}', which are left out: unpack it, and give the folder"
        )
    yield from found.values()


def _above(folder: str) -> Iterator[str]:
    """The folders that contain `folder`, the nearest first."""
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder


def _safe_members(
    members: Iterable[zipfile.ZipInfo], zip_name: str, warnings: list[str]
) -> Iterator[tuple[str, str, zipfile.ZipInfo]]:
    """Each usable member, with its folder and its name."""
    locked = odd = 0
    for info in members:
        try:
            *folders, name = parts_of(_true_name(info))
        except UnsafeNameError:
            odd += 1
            continue
        if info.is_dir() or not info.file_size or "__MACOSX" in folders or is_junk(name):
            continue
        if info.flag_bits & _LOCKED:
            locked += 1
        elif stat.S_ISLNK(info.external_attr >> 16) or _is_bomb(info):
            odd += 1
        else:
            yield "/".join(folders), name, info
    if locked:
        warnings.append(
            f"'{zip_name}' is locked with a password: unpack it, and give the folder instead"
        )
    if odd:
        warnings.append(f"'{zip_name}': files left out as unsafe: {odd}")


def _is_bomb(info: zipfile.ZipInfo) -> bool:
    if info.compress_type not in _COMPRESSIONS:
        return True
    return info.file_size > _SMALL and info.file_size > _BOMB * info.compress_size


def _true_name(info: zipfile.ZipInfo) -> str:
    """The name of a member: programs that write UTF-8 often do not mark it as such."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _written(info: zipfile.ZipInfo, latest: datetime) -> datetime:
    """When a member was written, by the local time in the ZIP, but not after the ZIP itself."""
    try:
        moment = datetime(*info.date_time).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return latest
    return min(moment, latest)
