"""Every format, from folders and archives, image by image; what is not one is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from o3sim.cli import app as cli
from o3sim.errors import InputError
from o3sim.formats.datasets import source
from o3sim.formats.datasets.read import read_data_set
from o3sim.formats.datasets.split import SPLITS, Split
from tests.formats.datasets.samples import FORMATS, arrays, idx, write_archive, write_folder


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("place", ["folder", "below", "gz", "tar", "tar.gz", "tar.xz"])
def test_images_and_labels(tmp_path: Path, form: str, split: Split, place: str) -> None:
    files, content = FORMATS[form][0](), FORMATS[form][1](split)
    if place.startswith("tar"):
        path = write_archive(tmp_path / f"set.{place}", files, f"w:{place[4:]}")
    else:
        folder = tmp_path / ("set/deep/down" if place == "below" else "set")
        write_folder(folder, files, zipped=place == "gz")
        path = tmp_path / "set"
    images, labels = read_data_set(path, split)
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(images, content[0])
    np.testing.assert_array_equal(labels, content[1])


def test_colours_of_plain_arrays(tmp_path: Path) -> None:
    images = np.random.default_rng(1).integers(0, 256, (4, 5, 6, 3), np.uint8)
    np.save(tmp_path / "x_test.npy", images)
    np.save(tmp_path / "y_test.npy", np.arange(4, dtype=np.uint8))
    found, labels = read_data_set(tmp_path, "test")
    np.testing.assert_array_equal(found, images)
    np.testing.assert_array_equal(labels, np.arange(4))
    np.save(tmp_path / "x_test.npy", images[..., 0])
    assert read_data_set(tmp_path, "test")[0].shape == (4, 5, 6, 1)


def test_a_folder_without_any_format_says_what_is_there(tmp_path: Path) -> None:
    write_folder(tmp_path, {f"{number}.txt": b"" for number in range(10)})
    with pytest.raises(
        InputError, match=r"no test split of a known format .*there are 0\.txt, .*, and 2 more"
    ):
        read_data_set(tmp_path, "test")


def test_one_split_without_the_other(tmp_path: Path) -> None:
    write_folder(tmp_path, {name: content for name, content in idx().items() if name.startswith("t10k")})
    assert len(read_data_set(tmp_path, "test")[0]) == 3
    with pytest.raises(InputError, match="no train split of a known format"):
        read_data_set(tmp_path, "train")


def test_the_same_name_in_two_folders_is_not_guessed_between(tmp_path: Path) -> None:
    write_folder(tmp_path / "mnist", idx())
    write_folder(tmp_path / "fashion", idx())
    with pytest.raises(InputError, match=r"t10k-images-idx3-ubyte: in .*fashion and .*mnist; name one"):
        read_data_set(tmp_path, "test")
    assert len(read_data_set(tmp_path / "mnist", "test")[0]) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"", "neither a folder nor a whole tar archive"),
        (b"hello", "neither"),
    ],
)
def test_neither_a_folder_nor_an_archive(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "set"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"set: {message}") as caught:
        read_data_set(path, "test")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mode", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("damage", ["cut", "garbled"])
def test_damaged_archives(tmp_path: Path, mode: str, damage: str) -> None:
    path = write_archive(tmp_path / "set.tar", arrays(), f"w:{mode}")
    raw = bytearray(path.read_bytes())
    half = len(raw) // 2
    if damage == "cut":
        del raw[half:]
    else:
        raw[half : half + 40] = b"\xff" * 40
    path.write_bytes(raw)
    with pytest.raises(InputError, match=r"set\.tar: "):
        read_data_set(path, "test")


def test_a_cut_gzip_file(tmp_path: Path) -> None:
    write_folder(tmp_path, idx(), zipped=True)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"t10k-images-idx3-ubyte\.gz: cannot be read"):
        read_data_set(tmp_path, "test")


@pytest.mark.parametrize("place", ["folder", "gz", "tar"])
def test_files_larger_than_any_of_a_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Gzip turns a gigabyte of zeros into a megabyte: the limit is on what comes out."""
    files = {**idx(), "t10k-images-idx3-ubyte": bytes(5000)}
    path = write_archive(tmp_path / "set", files) if place == "tar" else tmp_path
    if place != "tar":
        write_folder(tmp_path, files, zipped=place == "gz")
    monkeypatch.setattr(source, "MOST_BYTES", 4999)
    with pytest.raises(InputError, match=r"t10k-images-idx3-ubyte.*larger than 4,999 bytes"):
        read_data_set(path, "test")


def test_links_out_of_an_archive_are_not_followed(tmp_path: Path) -> None:
    import tarfile

    path = tmp_path / "set.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("x_test.npy", "y_test.npy"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
            archive.addfile(link)
    with pytest.raises(InputError, match=r"no test split of a known format .*there are no files"):
        read_data_set(path, "test")


def exit_of(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int | str | None:
    monkeypatch.setattr("sys.argv", ["o3sim", "data", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


def test_the_command_writes_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_archive(tmp_path / "set.tgz", FORMATS["png_strips"][0]())
    output = tmp_path / "out.npz"
    assert exit_of(monkeypatch, path, "--split", "train", "--images", "4", "-o", output) == 0
    assert capsys.readouterr().out == f"wrote {output}: 4 images of 32 x 32 x 3\n"
    images, labels = FORMATS["png_strips"][1]("train")
    with np.load(output) as written:
        np.testing.assert_array_equal(written["x"], images[:4])
        np.testing.assert_array_equal(written["y"], labels[:4])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--split", "valid"], "--split valid: expected train or test"),
        (["--images", "0"], "--images 0: "),
        (["--images", "4"], "set: 4 images asked for, 1 to 3 available"),
        (["-o", "none/out.npz"], "no folder none"),
    ],
)
def test_what_the_command_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "set", idx())
    assert exit_of(monkeypatch, "set", "-o", "out.npz", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
