"""Files are written whole, NPZ files are deterministic and never unpickled."""

import contextlib
import os
import stat
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from o3sim import files
from o3sim.errors import InputError

ARRAYS: dict[str, npt.NDArray[Any]] = {
    "b": np.arange(6, dtype=np.uint64).reshape(2, 3),
    "a": np.array([], np.int32),
    "c": np.array(2.5, np.float32),
}


def test_what_cannot_be_written_is_refused_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").touch()
    for path in (tmp_path / "new", tmp_path / "old", Path("/dev/null")):
        files.check_target(path)
    for path, says in ((tmp_path, "is a folder"), (tmp_path / "no" / "x", f"no folder {tmp_path / 'no'}")):
        with pytest.raises(InputError) as caught:
            files.check_target(path, "--output it")
        assert str(caught.value) == f"--output it: {says}"
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)
    for path in (tmp_path / "new", tmp_path / "old"):
        with pytest.raises(InputError, match=f"^{path}: no permission to write there$"):
            files.check_target(path)
    with pytest.raises(InputError, match="no file can be called so"):
        files.check_target(tmp_path / "\ud800")
    files.check_target(Path("/dev/null"))


def test_write_atomic_writes_text_and_bytes(tmp_path: Path) -> None:
    files.write_atomic(tmp_path / "t", "é\r\n")
    assert (tmp_path / "t").read_bytes() == "é\r\n".encode()
    files.write_atomic(str(tmp_path / "t"), b"\x00")
    assert (tmp_path / "t").read_bytes() == b"\x00"


def test_write_atomic_leaves_the_old_file_and_no_litter_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "f"
    target.write_text("old")

    def refuse(source: str, destination: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InputError, match="cannot be written: No space left"):
        files.write_atomic(target, "new")
    assert target.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["f"]


def test_write_atomic_gives_ordinary_permissions_and_keeps_those_of_a_file(tmp_path: Path) -> None:
    old_mask = os.umask(0o027)
    try:
        files.write_atomic(tmp_path / "new", "x")
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o755)
    files.write_atomic(tmp_path / "new", "y")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o755


def test_write_atomic_follows_links_and_writes_to_devices(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    files.write_atomic(tmp_path / "link", "x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "x"
    files.write_atomic("/dev/null", "x")
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize("name", ["missing/f", ".", ""])
def test_write_atomic_names_what_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        files.write_atomic(tmp_path / name, "x")


def test_npz_round_trip_and_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    files.save_npz(tmp_path / "x.npz", ARRAYS)
    files.save_npz(tmp_path / "y", dict(reversed(ARRAYS.items())))
    assert (tmp_path / "x.npz").read_bytes() == (tmp_path / "y").read_bytes()
    loaded = files.load_npz(tmp_path / "x.npz")
    assert list(loaded) == ["a", "b", "c"]
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(loaded[name], array, strict=True)


def test_npz_holds_no_date(tmp_path: Path) -> None:
    files.save_npz(tmp_path / "x.npz", ARRAYS)
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@given(
    array=hnp.arrays(
        st.sampled_from([np.uint8, np.uint64, np.int32, np.float32, np.bool_]),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=5),
    )
)
def test_npz_round_trips_any_array(tmp_path_factory: pytest.TempPathFactory, array: npt.NDArray[Any]) -> None:
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    files.save_npz(path, {"x": array})
    np.testing.assert_array_equal(files.load_npz(path)["x"], array, strict=True)


def test_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    objects = np.array([{}], dtype=object)
    with pytest.raises(ValueError, match="Object arrays"):
        files.save_npz(tmp_path / "x.npz", {"x": objects})
    assert not (tmp_path / "x.npz").exists()
    np.savez(tmp_path / "x.npz", x=objects, allow_pickle=True)
    with pytest.raises(InputError, match=r"x\.npz: not a usable NPZ file: it holds pickled objects"):
        files.load_npz(tmp_path / "x.npz")


@pytest.mark.parametrize("kept", [0, 1, 40, 200, -1])
def test_a_truncated_npz_is_refused(tmp_path: Path, kept: int) -> None:
    files.save_npz(tmp_path / "x.npz", ARRAYS)
    (tmp_path / "x.npz").write_bytes((tmp_path / "x.npz").read_bytes()[:kept])
    with pytest.raises(InputError, match="not a usable NPZ file"):
        files.load_npz(tmp_path / "x.npz")


@given(position=st.integers(0, 399), value=st.integers(0, 255))
def test_a_corrupt_npz_gives_arrays_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: int
) -> None:
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    files.save_npz(path, ARRAYS)
    raw = bytearray(path.read_bytes())
    raw[position % len(raw)] = value
    path.write_bytes(raw)
    with contextlib.suppress(InputError):
        files.load_npz(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(InputError, match="no zip archive"):
        files.load_npz(tmp_path / "x.npy")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(InputError, match=r"entry `readme\.txt` is no array"):
        files.load_npz(tmp_path / "x.zip")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        files.load_npz(tmp_path / "absent.npz")
    with pytest.raises(InputError, match="cannot be read"):
        files.load_npz(tmp_path)


def test_a_header_that_claims_terabytes_is_refused(tmp_path: Path) -> None:
    header = b"{'descr': '<u8', 'fortran_order': False, 'shape': (1000000000000000,), }".ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(InputError, match=r"memory|usable"):
        files.load_npz(tmp_path / "x.npz")


def test_sha256_of_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    digest = files.sha256_of_file(tmp_path / "x")
    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(InputError, match="cannot be read"):
        files.sha256_of_file(tmp_path / "absent")


def npz_of(path: Path, *entries: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(f"{name}.npy", content)
    return path


def npy(header: bytes, content: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


def test_an_npz_that_unpacks_to_more_than_arrays_do_is_not_unpacked(tmp_path: Path) -> None:
    zeros = npy(b"{'descr': '|u1', 'fortran_order': False, 'shape': (200000000,), }\n", bytes(200_000_000))
    path = npz_of(tmp_path / "x.npz", ("x", zeros))
    assert path.stat().st_size < 1_000_000
    del zeros
    tracemalloc.start()
    with pytest.raises(InputError, match=r"unpacks to 200,000,\d+ bytes; at most \d+,\d+,\d+ are read"):
        files.load_npz(path)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 10_000_000


def test_a_reader_may_set_a_lower_limit(tmp_path: Path) -> None:
    files.save_npz(tmp_path / "x.npz", ARRAYS)
    assert files.load_npz(tmp_path / "x.npz", 10_000)
    with pytest.raises(InputError, match="at most 100 are read"):
        files.load_npz(tmp_path / "x.npz", 100)


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<u8', 'fortran_order': False, 'shape': (3,)\n",
        b"{'descr': '<u8', 'shape': (3,), }\n",
        b"",
        b"\n",
        b"[" * 5000,
        b"{" * 300 + b"\n",
        b"'",
        b"\xff\xfe",
        b"{'descr': '<u8', 'fortran_order': False, 'shape': (-3,), }\n",
        b"{'descr': '<u8', 'fortran_order': False, 'shape': (3.5,), }\n",
        b"{'descr': {'a': 1}, 'fortran_order': False, 'shape': (3,), }\n",
        b"{'descr': '<u8', 'fortran_order': False, 'shape': (99999999999999999999,), }\n",
        b"{'descr': 'V', 'fortran_order': 0, 'shape': (), }\n",
    ],
)
def test_a_damaged_header_is_one_line(tmp_path: Path, header: bytes) -> None:
    path = npz_of(tmp_path / "x.npz", ("x", npy(header, bytes(24))))
    with pytest.raises(InputError, match=r"x\.npz: (not a usable NPZ file|claims arrays)") as caught:
        files.load_npz(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", ["<U2", ">U2"])
def test_text_of_what_are_no_characters_is_refused(tmp_path: Path, dtype: str) -> None:
    text = np.array(["ab", "c"]).astype(dtype)
    np.savez(tmp_path / "whole.npz", x=text, empty=np.array([], "U0"))
    assert files.load_npz(tmp_path / "whole.npz")["x"].tolist() == ["ab", "c"]
    text.view(dtype[0] + "u4")[1] = 0x110000
    np.savez(tmp_path / "x.npz", x=text)
    with pytest.raises(InputError, match="entry `x` has numbers in place of characters"):
        files.load_npz(tmp_path / "x.npz")
