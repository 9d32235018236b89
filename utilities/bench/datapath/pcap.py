# SPDX-License-Identifier: Apache-2.0

"""Pcap files, in the byte order of this machine, as libpcap writes them."""

import struct

FILE_HEADER = struct.Struct('=IHHiIII')
RECORD_HEADER = struct.Struct('=IIII')
MAGIC = 0xa1b2c3d4              # Times are in microseconds.
ETHERNET = 1
SNAP_LENGTH = 65535


def write(path, frames):
    with open(path, 'wb') as file:
        file.write(FILE_HEADER.pack(MAGIC, 2, 4, 0, 0, SNAP_LENGTH, ETHERNET))
        for frame in frames:
            file.write(RECORD_HEADER.pack(0, 0, len(frame), len(frame)))
            file.write(frame)


def read(file):
    """Yields the frames of an open file, or of a pipe that may end anywhere,
    as whoever writes into it may be stopped."""
    if len(file.read(FILE_HEADER.size)) < FILE_HEADER.size:
        return
    while True:
        header = file.read(RECORD_HEADER.size)
        if len(header) < RECORD_HEADER.size:
            return
        length = RECORD_HEADER.unpack(header)[2]
        frame = file.read(length)
        if len(frame) < length:
            return
        yield frame
