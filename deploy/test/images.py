"""MNIST's test images, as files for the tests."""

import gzip
import struct


def first_images(path, count):
    """The first of an IDX file's images, as one."""
    with gzip.open(path) as file:
        magic, _, rows, columns = struct.unpack(">4I", file.read(16))
        return struct.pack(">4I", magic, count, rows, columns) + file.read(count * rows * columns)
