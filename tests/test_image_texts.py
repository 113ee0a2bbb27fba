"""PNG files with texts and profiles in them: what Pillow thinks too large, and what turns an image."""

import io

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from idgan_tf import image_files
from tests.data.files import encoded, picture


@pytest.mark.parametrize("how", ["add_text", "add_itxt", "icc_profile"])
def test_a_png_with_a_long_text_or_profile_is_read(how):
    """Pillow reads 1 MB of them at most, and calls the whole file too large."""
    info = PngInfo()
    if how == "icc_profile":
        more = {how: bytes(2_000_000)}
    else:
        getattr(info, how)("workflow", "x" * 2_000_000, zip=True)
        more = {"pnginfo": info}
    data = encoded(picture(0, 8, 8), "PNG", **more)
    np.testing.assert_array_equal(image_files.read(data, 3, "x.png"), picture(0, 8, 8))
    assert image_files.is_picture("x", lambda: data[: image_files.START], lambda: data)


def test_the_orientation_that_xmp_says_is_heard():
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", '<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>')
    data = encoded(picture(0, 8, 12), "PNG", pnginfo=info)
    assert image_files.read(data, 3, "x.png").size == Image.open(io.BytesIO(data)).size[::-1]
