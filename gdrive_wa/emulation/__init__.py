"""A server that stands in for Google: sign-in, Drive and the backup service, over real HTTP.

It runs on loopback, serves accounts made by :mod:`gdrive_wa.emulation.sample` (or written by
hand, see :mod:`gdrive_wa.emulation.account`), and can simulate each fault of
:mod:`gdrive_wa.emulation.faults`. The rest of the program knows only its URL.
"""
