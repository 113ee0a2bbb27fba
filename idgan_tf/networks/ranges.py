"""The two ranges of images: [0, 1], in which they are handed around, and [-1, 1], of networks that end in tanh."""


def signed(image):
    """An image in [0, 1] -> in [-1, 1]."""
    return 2.0 * image - 1.0


def unsigned(image):
    """An image in [-1, 1] -> in [0, 1]."""
    return 0.5 * (image + 1.0)
