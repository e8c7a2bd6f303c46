"""IDX: what was written is read, and nothing else is accepted."""

import gzip
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minivae.data import DataError, parse_idx, read_idx_gz

ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
arrays = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, max_side=6))


def to_idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def refused(raw):
    with pytest.raises(
        DataError, match=r"^toy\.idx: expected|^toy\.idx: (truncated|oversized): "
    ) as e:
        parse_idx(raw, "toy.idx")
    assert "\n" not in str(e.value)
    return str(e.value)


@given(arrays)
def test_what_was_written_is_read(array):
    read = parse_idx(to_idx(array), "toy.idx")
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, array, strict=True)


@given(arrays, st.data())
def test_every_truncation_is_refused(array, data):
    raw = to_idx(array)
    refused(raw[: data.draw(st.integers(0, len(raw) - 1))])


@given(arrays, st.binary(min_size=1, max_size=50))
def test_trailing_bytes_are_refused(array, tail):
    assert "oversized" in refused(to_idx(array) + tail)


@given(arrays, st.data())
def test_any_other_value_of_any_header_byte_is_refused_unless_the_sizes_have_the_same_product(
    array, data
):
    raw = bytearray(to_idx(array))
    where = data.draw(st.integers(0, 3 + 4 * array.ndim))
    raw[where] = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[where]))
    # Fewer dimensions may make sizes of what was data: then the format itself cannot tell.
    if where == 3 and 1 <= raw[3] <= 4 and len(raw) >= 4 + 4 * raw[3]:
        sizes = struct.unpack_from(f">{raw[3]}I", raw, 4)
        if 4 + 4 * raw[3] + np.prod(sizes, dtype=object) == len(raw) and 0 not in sizes:
            return
    refused(bytes(raw))


@pytest.mark.parametrize(
    ("where", "byte", "says"),
    [
        (0, 0x1F, "bytes 00 00, got 1f 00"),
        (1, 0x01, "bytes 00 00, got 00 01"),
        (2, 0x0D, "0x08 (unsigned bytes), got 0x0d"),
        (3, 0, "1 to 4 dimensions, got 0"),
        (3, 5, "1 to 4 dimensions, got 5"),
        (7, 0, "at least 1, got (0, 3, 4)"),
        (7, 3, "truncated: expected 52 bytes for IDX sizes (3, 3, 4), got 40"),
        (11, 2, "oversized: expected 32 bytes for IDX sizes (2, 2, 4), got 40"),
        (12, 255, "truncated: expected 25669140520 bytes"),
    ],
)
def test_the_message_says_which_field_is_wrong(where, byte, says):
    raw = bytearray(to_idx(ARRAY))
    raw[where] = byte
    assert says in refused(bytes(raw))


def test_a_header_that_ends_early_is_named():
    assert "at least 4 bytes, got 3" in refused(to_idx(ARRAY)[:3])
    assert "16 bytes for 3 sizes, got 15" in refused(to_idx(ARRAY)[:15])


def gz_refused(path, raw):
    path.write_bytes(raw)
    with pytest.raises(DataError) as e:
        read_idx_gz(path)
    assert str(e.value).startswith(f"{path}: ")
    assert "\n" not in str(e.value)
    return str(e.value)


def test_a_compressed_file_is_read(tmp_path):
    path = tmp_path / "toy.gz"
    path.write_bytes(gzip.compress(to_idx(ARRAY)))
    np.testing.assert_array_equal(read_idx_gz(path), ARRAY, strict=True)
    np.testing.assert_array_equal(read_idx_gz(str(path)), ARRAY, strict=True)


def test_a_compressed_file_cut_anywhere_is_refused(tmp_path):
    raw = gzip.compress(to_idx(ARRAY))
    for end in range(len(raw)):
        gz_refused(tmp_path / "toy.gz", raw[:end])
    assert "truncated" in gz_refused(tmp_path / "toy.gz", raw[:-1])


def test_bytes_after_a_compressed_file_are_refused(tmp_path):
    gz_refused(tmp_path / "toy.gz", gzip.compress(to_idx(ARRAY)) + b"more")
    both = gzip.compress(to_idx(ARRAY)) + gzip.compress(b"more")
    assert "oversized" in gz_refused(tmp_path / "toy.gz", both)


@given(arrays, st.data())
def test_a_flipped_bit_is_refused_or_changes_nothing(array, data):
    raw = bytearray(gzip.compress(to_idx(array), mtime=0))
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << bit % 8
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "toy.gz")
        path.write_bytes(raw)
        try:
            read = read_idx_gz(path)
        except DataError:
            return
    np.testing.assert_array_equal(read, array, strict=True)


def test_what_is_no_gzip_file_is_refused(tmp_path):
    assert "not a gzip file" in gz_refused(tmp_path / "toy.gz", to_idx(ARRAY))
    assert "truncated" in gz_refused(tmp_path / "toy.gz", b"")


def test_bytes_after_the_gzip_data_are_refused_as_oversized(tmp_path):
    problem = gz_refused(tmp_path / "toy.gz", gzip.compress(to_idx(ARRAY)) + b"more")
    assert "oversized: 4 bytes follow its gzip data" in problem


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for path in (tmp_path, tmp_path / "absent.gz"):
        with pytest.raises(DataError, match=r"cannot be read \(.+\)") as e:
            read_idx_gz(path)
        assert str(path) in str(e.value)
