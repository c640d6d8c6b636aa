"""A server that stands in for Google: sign-in, Drive and the backup service, on real HTTP.

It runs on loopback, serves accounts made by :mod:`gdrive_wa.emulation.sample` (or crafted by
hand, see :mod:`gdrive_wa.emulation.account`), and can misbehave in every way that
:mod:`gdrive_wa.emulation.faults` lists. To the rest of the program it is only a URL.
"""
