"""Images of one shape for a network that was trained on another."""

from keras import ops

from idgan_tf.errors import require

LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601, what Pillow's mode "L" uses


def convert(image, image_shape, to_grey, resize="bilinear"):
    """Images [B, H, W, C] -> [B, *image_shape], grey only when told.

    Args:
        image: [B, H, W, C].
        image_shape: (height, width, channels) to make.
        to_grey: whether three channels may become one.
        resize: "bilinear" (ID-GAN, section 5.1), which of a reduction by 16 reads four pixels in 256; or "area",
            the mean of all that a pixel covers (its code; the sides must divide).

    Raises:
        ConfigError: the channels differ and may not be converted, or the sides do not divide.
    """
    height, width, channels = image_shape
    if image.shape[-1] != channels:
        require(
            to_grey and (image.shape[-1], channels) == (3, 1),
            f"the teacher takes {channels} channels and the images have {image.shape[-1]}"
            + ("; grey_teacher = True makes them grey" if (image.shape[-1], channels) == (3, 1) else ""),
        )
        image = ops.sum(image * ops.convert_to_tensor(LUMINANCE, image.dtype), axis=-1, keepdims=True)
    if tuple(image.shape[1:3]) != (height, width) and resize == "area":
        window = image.shape[1] // height, image.shape[2] // width
        require(
            (window[0] * height, window[1] * width) == tuple(image.shape[1:3]),
            f'resize = "area" makes {height}x{width} of whole multiples alone, not of {tuple(image.shape[1:3])}',
        )
        image = ops.average_pool(image, window, window, "valid")
    elif tuple(image.shape[1:3]) != (height, width):
        image = ops.image.resize(image, (height, width), interpolation="bilinear")
    return image
