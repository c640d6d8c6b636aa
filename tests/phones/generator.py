"""Makes a phone from a number, and finds the fewest traits that still show a fault."""

from __future__ import annotations

import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

from gdrive_wa.core.errors import GdriveWaError
from tests.phones.cast import make_cast
from tests.phones.check import faults_of, restored
from tests.phones.folder import write_databases, write_media
from tests.phones.model import Phone
from tests.phones.traits import databases, folders, notes, people, schemas
from tests.phones.traits.registry import TRAITS, choose

__all__ = ["TRAITS", "make_phone", "seed_faults", "shrink"]

Check = Callable[[Phone, Path, Path], list[str]]
MODULES = (people, notes, schemas, databases, folders)
"""Importing them registers their traits."""


def make_phone(seed: int, traits: Iterable[str] | None = None) -> Phone:
    """The phone of that number.

    Args:
        seed: decides everything that `traits` leaves open.
        traits: by their names; by default those that the seed chooses.
    """
    chosen = choose(Random(f"traits {seed}")) if traits is None else tuple(traits)
    phone = make_cast(seed, chosen, Random(f"cast {seed}"))
    for name in TRAITS:
        if name in chosen:
            TRAITS[name].change(phone, Random(f"{name} {seed}"))
    return phone


def seed_faults(
    seed: int, traits: Iterable[str] | None = None, check: Check = faults_of
) -> list[str]:
    """What is wrong with the restored phone of that number, a line each.

    Args:
        seed, traits: as for :func:`make_phone`.
        check: restores a phone's folder into another, and says what is wrong.
    """
    place = Path(tempfile.mkdtemp(prefix="phone-"))
    try:
        phone = make_phone(seed, traits)
        write_media(phone, place / "phone")
        if phone.media_first and check is faults_of:
            restored(phone, place / "phone", place / "archive")
        write_databases(phone, place / "phone")
        return check(phone, place / "phone", place / "archive")
    except GdriveWaError as error:
        return [f"{type(error).__name__}: {error}"]
    except Exception:  # noqa: BLE001 - a crash is a fault like any other, and is shrunk
        return [traceback.format_exc()]
    finally:
        shutil.rmtree(place)


def shrink(seed: int, check: Check = faults_of) -> tuple[tuple[str, ...], list[str]]:
    """The fewest traits of a phone that still show a fault, and the faults."""
    traits = list(make_phone(seed).traits)
    faults = seed_faults(seed, traits, check)
    for name in list(traits):
        fewer = [each for each in traits if each != name]
        if left := seed_faults(seed, fewer, check):
            traits, faults = fewer, left
    return tuple(traits), faults
