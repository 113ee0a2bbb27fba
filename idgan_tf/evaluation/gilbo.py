"""GILBO: how much of the code a generated image still tells, by the best encoder that can be trained for it.

Alemi & Fischer, "GILBO: One Metric to Measure Them All", NeurIPS 2018, arXiv:1802.04874; used without the
entropy of the code in ID-GAN's Table 3, where c ~ q(c). Like R_ID, but the encoder is fitted to the
generator, so it is never lower but for sampling error and an encoder that was not trained to its end.
"""

import numpy as np
from absl import logging

from idgan_tf.errors import require
from idgan_tf.evaluation import rid
from idgan_tf.evaluation.metric import Result, metric, require_available

SIDE = 64  # pixels of the images that the default encoder reads


@metric(better="higher", cost="hours")
def gilbo(
    method,
    dataset,
    seed,
    encoder=None,
    resize="bilinear",
    num_samples=10_000,
    learning_rate=4e-4,
    batch_size=64,
    cycle=1000,
    max_cycles=100,
):
    """GILBO of a generator: mean log e(c | G(s, c)) of an encoder e trained for it.

    Args:
        method: has `encode` and `generate(s, c)`.
        dataset: gives the images whose codes are rendered.
        seed: of everything.
        encoder: constructor (image_shape, latent_dim, init); it reads images as they are. The paper does not say
            which; the default is that of its q, `ConvEncoder`, which reads images of any size at its 64 px.
        resize: how they come to 64 px: "bilinear" or "area", as in `networks.resize.convert`; best the `resize` of the
            method, so that e sees what q sees.
        num_samples: new pairs that score the encoder.
        learning_rate, batch_size, cycle, max_cycles: as in `auxiliary.fit`.
    """
    from idgan_tf import noise
    from idgan_tf.evaluation.feature_networks import auxiliary
    from idgan_tf.evaluation.samples import generation
    from idgan_tf.networks.conv import ConvEncoder
    from idgan_tf.networks.resize import convert

    generation.require_coded(method)
    require(resize in ("bilinear", "area"), f'gilbo.resize is "bilinear" or "area", got {resize!r}')
    count = dataset.num_examples
    require_available(
        batch_size <= count, f"gilbo.batch_size {batch_size} exceeds the {count:,} examples of {dataset.name}; lower it"
    )
    read_shape = tuple(dataset.image_shape) if encoder else (SIDE, SIDE, dataset.image_shape[2])
    encoder = encoder or ConvEncoder
    with noise.seeded(seed):
        fitted = encoder(image_shape=read_shape, latent_dim=method.code_dim, init="torch")

    def read(image):
        return convert(image, read_shape, to_grey=False, resize=resize)

    def pairs(batch, seed):
        c, image = generation.pair(method, batch, seed)
        return c, read(image)

    steps, plateau = auxiliary.fit(fitted, pairs, dataset, seed, learning_rate, batch_size, cycle, max_cycles)
    value, lower = _densities(method, dataset, num_samples, seed + 1, lambda image: fitted(read(image)))
    if value < lower:
        logging.warning(
            "GILBO %.3f is below the R_ID %.3f of the same pairs, which it bounds: its %s of %d steps (%s) "
            "is weaker than the frozen encoder; raise gilbo.max_cycles or choose a larger gilbo.encoder",
            value, lower, encoder.__name__, steps, "at its plateau" if plateau else "no plateau",
        )  # fmt: skip
    protocol = {"num_samples": num_samples, "encoder": encoder.__name__, "steps": steps, "plateau": plateau}
    if read_shape != tuple(dataset.image_shape):
        protocol["encoder_images"] = f"{SIDE}x{SIDE}, {resize}"
    return Result({"gilbo": float(value)}, protocol)


def _densities(method, dataset, count, seed, auxiliary_encode):
    """(mean log e(c | G(s, c)), mean log q(c | G(s, c))) of the same pairs: GILBO and R_ID."""
    from idgan_tf.evaluation.samples import generation

    ours, theirs = [], []
    for c, image in generation.coded(method, dataset, count, seed):
        ours.append(rid.log_density(c, *auxiliary_encode(image)))
        theirs.append(rid.log_density(c, *method.encode(image)))
    return np.mean(np.concatenate(ours)), np.mean(np.concatenate(theirs))
