from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nacre.errors import PictureError
from nacre.learn.data.crops import CropFolder


def folder_of(*shapes: tuple[int, int], shrink: float = 1.0) -> CropFolder:
    """Pictures whose pixels say where they come from: row, column, number."""
    pictures = []
    for number, (height, width) in enumerate(shapes):
        y, x = np.mgrid[:height, :width]
        pictures.append(np.stack([y, x, np.full_like(x, number)], axis=-1).astype(np.uint8))
    return CropFolder(tuple(pictures), "", (), shrink)


def test_reads_folders_and_counts_bad_files(pictures: Path) -> None:
    found = CropFolder.load(pictures)
    assert [p.shape for p in found.pictures] == [(96, 112, 3)] * 6
    assert found.skipped == ("broken.jpg",)


def test_whatever_is_no_picture_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    Image.new("L", (64, 70), 9).save(tmp_path / "deeper" / "gray.png")
    Image.new("RGB", (64, 63)).save(tmp_path / "small.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "notes.txt").write_text("not read at all")
    (tmp_path / "empty.webp").touch()
    found = CropFolder.load(tmp_path)
    assert [p.shape for p in found.pictures] == [(70, 64, 3)]
    assert sorted(found.skipped) == ["empty.webp", "small.png"]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (64, 63)).save(tmp_path / "small.png")
    with pytest.raises(PictureError, match="no picture of at least 64 x 64"):
        CropFolder.load(tmp_path)
    assert CropFolder.load(tmp_path, least=48).skipped == ()


def test_digest_tells_folders_apart(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    before = CropFolder.load(tmp_path).digest
    assert CropFolder.load(tmp_path).digest == before
    Image.new("RGB", (64, 64)).save(tmp_path / "b.png")
    assert CropFolder.load(tmp_path).digest != before


def test_crops_depend_on_the_key_alone(crops: CropFolder) -> None:
    first = crops.batch(5, 32, (1, 2, 0))
    assert first.shape == (5, 3, 32, 32)
    assert first.dtype == np.uint8
    crops.batch(3, 16, (9, 9, 9))
    np.testing.assert_array_equal(crops.batch(5, 32, (1, 2, 0)), first)
    assert not np.array_equal(crops.batch(5, 32, (1, 3, 0)), first)


def is_window(crop: NDArray[np.uint8]) -> bool:
    """Whether neighbors in a crop of `folder_of` are neighbors in the picture."""
    rows, columns = (np.diff(crop[i].astype(int), axis=i) for i in (0, 1))
    return bool((rows == 1).all() and (abs(columns) == 1).all() and np.ptp(crop[2]) == 0)


def test_without_shrinking_crops_are_windows_some_mirrored() -> None:
    folder = folder_of((60, 90), (50, 50))
    crops = folder.batch(60, 32, (0,))
    assert all(is_window(crop) for crop in crops)
    mirrored = sum(crop[1, 0, 0] > crop[1, 0, -1] for crop in crops)
    assert 15 < mirrored < 45
    # Larger pictures give more crops.
    assert 30 < sum(crop[2, 0, 0] == 0 for crop in crops) < 55


def test_every_place_can_be_drawn() -> None:
    crops = folder_of((34, 34)).batch(200, 32, (0,))
    assert {int(c[0].min()) for c in crops} == {0, 1, 2}
    assert {int(c[1].min()) for c in crops} == {0, 1, 2}


def test_shrinking_takes_in_more_of_the_picture() -> None:
    crops = folder_of((200, 200), shrink=2.0).batch(200, 32, (0,))
    heights = np.array([np.ptp(c[0].astype(int)) + 1 for c in crops])
    whole = sum(is_window(c) for c in crops)
    assert 25 < whole < 80  # a quarter stays at full scale
    assert heights.max() > 56
    assert heights.max() <= 64


def test_a_crop_as_large_as_the_picture_is_the_picture() -> None:
    crops = folder_of((32, 32), shrink=2.0).batch(10, 32, (0,))
    assert all(is_window(c) for c in crops)


def test_pictures_smaller_than_the_crop_are_left_out() -> None:
    folder = folder_of((200, 40), (64, 64))
    assert {int(c[2, 0, 0]) for c in folder.batch(30, 48, (0,))} == {1}
    with pytest.raises(PictureError, match="80 x 80"):
        folder.batch(1, 80, (0,))


def test_side_that_most_pictures_have() -> None:
    folder = folder_of((64, 70), (100, 130), (200, 300))
    assert folder.side(192) == 96
    assert folder.side(48) == 48
    folder.batch(2, folder.side(192), (0,))


def test_centers_are_the_middle() -> None:
    (first, second) = folder_of((50, 70), (20, 100)).centers(32)
    assert first.shape == (1, 3, 32, 32)
    assert second.shape == (1, 3, 16, 32)
    assert first[0, :2, 0, 0].tolist() == [9, 19]
    assert second[0, :2, 0, 0].tolist() == [2, 34]


def test_busy_crops_have_more_detail() -> None:
    rng = np.random.default_rng(0)
    half = np.full((256, 256, 3), 90, np.uint8)
    half[:, 128:] = rng.integers(0, 256, (256, 128, 3))
    folder = CropFolder((half,), "", (), shrink=1.0)
    plain = folder.batch(64, 32, (1, 2))
    busy = folder.batch(64, 32, (1, 2), busy=1.0)
    assert busy.std((1, 2, 3)).mean() > 1.3 * plain.std((1, 2, 3)).mean()
    assert np.array_equal(busy, folder.batch(64, 32, (1, 2), busy=1.0))


def stripes(height: int, width: int) -> CropFolder:
    """A picture whose left half has bright lines of 4 pixels, and which is gray when shrunk by 8."""
    picture = np.full((height, width, 3), 100, np.uint8)
    picture[::8] = picture[1::8] = picture[2::8] = picture[3::8] = 200
    return CropFolder((picture,), "", (), 1.0)


def test_small_crops_come_from_shrunk_pictures() -> None:
    y, x = np.mgrid[:256, :320]
    ramp = np.stack([y // 2, x // 2, np.full_like(x, 7)], axis=-1).astype(np.uint8)
    folder = CropFolder((ramp,), "", (), 1.0)
    crops = folder.batch(60, 32, (3, 1), small=1.0)
    assert crops.shape == (60, 3, 32, 32)
    # Half a level a pixel becomes two, three and four.
    steps = [round(float(np.diff(crop[0, 8:24].astype(float), axis=0).mean())) for crop in crops]
    assert set(steps) == {2, 3, 4}
    mirrored = sum(crop[1, 0, 0] > crop[1, 0, -1] for crop in crops)
    assert 15 < mirrored < 45


def test_small_is_a_share_of_the_crops_that_are_not_busy() -> None:
    folder = stripes(512, 512)

    def shrunk(crop: NDArray[np.uint8]) -> bool:
        return bool(np.ptp(crop) < 60 or abs(np.diff(crop[0, :, 0].astype(int)) > 30).sum() > 6)

    for small, busy, expected in (
        (0.0, 0.0, 0),
        (0.25, 0.0, 5),
        (1.0, 0.0, 20),
        (0.5, 0.4, 6),
        (1.0, 1.0, 0),
    ):
        crops = folder.batch(20, 32, (1, 5), small=small, busy=busy)
        assert sum(map(shrunk, crops)) == expected


def test_small_crops_depend_on_the_key_alone() -> None:
    folder = folder_of((200, 220), (190, 256))
    first = folder.batch(6, 32, (1, 2), small=0.5)
    folder.batch(3, 16, (9, 9), small=1.0)
    np.testing.assert_array_equal(folder.batch(6, 32, (1, 2), small=0.5), first)
    assert not np.array_equal(folder.batch(6, 32, (1, 3), small=0.5), first)


def test_pictures_too_small_to_shrink_are_refused() -> None:
    folder = folder_of((127, 300), (64, 64))
    assert folder.batch(4, 32, (0,)).shape == (4, 3, 32, 32)
    with pytest.raises(PictureError, match="No picture shrunk by 4 is as large as a crop of 32"):
        folder.batch(4, 32, (0,), small=0.5)
    assert folder_of((128, 128), (64, 64)).batch(4, 32, (0,), small=1.0).shape == (4, 3, 32, 32)
