"""Images for evaluation: real ones, and what a method generates, in batches and with fixed seeds."""

import weakref

import gin
import numpy as np
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require
from idgan_tf.evaluation.metric import require_available
from idgan_tf.methods.faces import can, draws_by
from idgan_tf.objectives.gaussian import sample_gaussian
from idgan_tf.progress import bar

BATCH = 256
STREAM_ROWS, STREAM_NOISE, STREAM_CODES = 0, 1, 2  # of a seed
_compiled = weakref.WeakKeyDictionary()


def rows(dataset, count, seed, stream=STREAM_ROWS):
    """`count` random row numbers, each row as often as any other."""
    require(count >= 1, f"a sample count must be >= 1, got {count}")
    rng = np.random.default_rng([seed, stream])
    epochs = [rng.permutation(dataset.num_examples) for _ in range(-(-count // dataset.num_examples))]
    return np.concatenate(epochs)[:count]


def real(dataset, count, seed, stream=STREAM_ROWS):
    """Batches {"image": [B, H, W, C], ...} of `count` random examples; STREAM_CODES has those that codes come from."""
    chosen = rows(dataset, count, seed, stream)
    for start in bar(range(0, count, BATCH), "real images", "batches"):
        yield dataset.take(chosen[start : start + BATCH])


def generated(method, dataset, count, seed):
    """Batches [B, H, W, C] in [0, 1] of `count` images that a method generates: `images`.

    Their codes and labels are not of the images of `real`, but of others drawn independently: a set and its own
    reconstructions would be closer than two samples of one distribution are.

    Raises:
        Unavailable: the method generates nothing.
    """
    describe(method)
    return _mapped(_images_of(method), dataset, rows(dataset, count, seed, STREAM_CODES), seed, "generating")


def generated_by_each(method, dataset, count, seed):
    """`generated` with the decoder's images of the same codes: batches {"": [B, H, W, C], "_decoder": ...}.

    Raises:
        Unavailable: the method generates nothing.
    """
    describe(method)
    compiled = tf.function(lambda batch, seed: images_of_each(method, batch, seed))
    return _mapped(compiled, dataset, rows(dataset, count, seed, STREAM_CODES), seed, "generating")


def of_classes(method, dataset, labels, count, seed):
    """`count` images [count, H, W, C] that a method generates for each class of `labels`, class by class.

    Raises:
        Unavailable: the dataset has no image of one of them.
    """
    label_of, chosen = np.asarray(dataset.arrays["label"]).reshape(-1), []
    for label in labels:
        members = np.flatnonzero(label_of == label)
        require_available(len(members) > 0, f"{dataset.name} has no image of class {label}")
        chosen.append(np.random.default_rng([seed, STREAM_ROWS, label]).choice(members, count))
    made = np.empty((0, *dataset.image_shape), np.float32)
    for batch in _mapped(_images_of(method), dataset, np.concatenate(chosen), seed, "generating"):
        made = np.concatenate([made, batch])
        while len(made) >= count:
            yield made[:count]
            made = made[count:]


def coded(method, dataset, count, seed):
    """Batches (c [B, D], image [B, H, W, C]) of an ID-GAN: c ~ q(c|x) of real x, image = G(s, c).

    Raises:
        Unavailable: the method does not render a code that it also encodes.
    """
    require_coded(method)
    compiled = tf.function(lambda batch, s: pair(method, batch, s))
    return _mapped(compiled, dataset, rows(dataset, count, seed), seed, "generating")


def pair(method, batch, seed):
    """(c, G(s, c)) in the graph, c ~ q(c|x) of the images of a batch and s ~ N(0, I)."""
    seed_c, seed_s = noise.split(seed, 2)
    mean, logvar = method.encode(batch["image"])
    c = sample_gaussian(mean, logvar, seed_c)
    return c, _generator(method, c, seed_s)


def redrawn(method, dataset, count, seed):
    """Batches (factors [B, K], `drawings`, x [B, H, W, C]) of real images x, drawn again from c ~ q(c|x).

    Raises:
        Unavailable: the method does not draw a code that it also encodes.
    """
    require_available(
        can(method, "encode") and (can(method, "generate") or can(method, "decode")),
        f"{type(method).__name__} draws no code that it also encodes",
    )

    def draw(batch, seed):
        seed_c, seed_s = noise.split(seed, 2)
        mean, logvar = method.encode(batch["image"])
        c = sample_gaussian(mean, logvar, seed_c)
        return batch["factors"], drawings(method, c, seed_s), batch["image"]

    return _mapped(tf.function(draw), dataset, rows(dataset, count, seed), seed, "drawing again")


def drawings(method, c, seed):
    """What a method draws of codes c [B, D], in the graph: {what the name of a metric ends with: [B, H, W, C]}.

    "" is G(s, c) with s ~ N(0, I) of the seed, or the decoder's image where there is no generator. With both,
    "_decoder" is the decoder's, left out where it is not as large as G's: a teacher's may be small, or grey.
    """
    found = {}
    if can(method, "generate"):
        found[""] = _generator(method, c, seed)
    if can(method, "decode"):
        image = method.decode(c)
        if not found:
            found[""] = image
        elif image.shape[1:] == found[""].shape[1:]:
            found["_decoder"] = image
    return {name: tf.clip_by_value(image, 0.0, 1.0) for name, image in found.items()}


def _generator(method, c, seed):
    return method.generate(noise.normal([c.shape[0], method.nuisance_dim], seed), c)


@gin.configurable("generation")
def codes_asked(codes=None):
    """Which codes are drawn of, as it was bound.

    Args:
        codes: "training" (of ID-GAN and VAEs q(c), of IB-GAN e(r|z)), or "prior", as the sample writers of the codes
            of ID-GAN and IB-GAN do; None takes the prior for what has no generator, and training for the others.
    """
    require(codes in (None, "training", "prior"), f'generation.codes is "training" or "prior", got {codes!r}')
    return codes


def from_prior(method):
    """Whether the codes that a method draws are from its prior, N(0, I), instead of as in its training."""
    codes = codes_asked()
    return codes == "prior" or (codes is None and draws_by(method) == "decoder")


def images(method, batch, seed):
    """Generated images [B, H, W, C] in the graph, as many as the batch has."""
    return images_of_each(method, batch, seed)[""]


def images_of_each(method, batch, seed):
    """`images` as "", and the decoder's of the same codes as "_decoder", as `drawings` says."""
    if draws_by(method) == "class":
        return {"": tf.clip_by_value(method.sample(batch, seed), 0.0, 1.0)}
    # a decoder draws no s: one seed
    seed_c, seed_s = noise.split(seed, 2) if draws_by(method) == "generator" else (seed, None)
    return drawings(method, _codes(method, batch, seed_c), seed_s)


def _codes(method, batch, seed):
    """Codes [B, D] in the graph, as `generation.codes` says."""
    if from_prior(method):
        return method.sample_prior(batch["image"].shape[0], seed)
    if draws_by(method) == "generator":
        return method.sample_code(batch["image"], seed)
    mean, logvar = method.encode(batch["image"])
    return sample_gaussian(mean, logvar, seed)


def describe(method):
    """Where generated images come from, for the protocol.

    Raises:
        Unavailable: the method generates nothing.
    """
    how = draws_by(method)
    require_available(how, f"{type(method).__name__} generates no images")
    if how == "class":
        return "by class, labels of real images"
    if how == "generator":
        return f"G(s, c), s ~ N(0, I), {method.prior if from_prior(method) else method.codes}"
    return f"decoder mean, {method.prior if from_prior(method) else 'c ~ q(c)'}"


def require_coded(method):
    """Raises Unavailable unless the method renders codes of its own encoder."""
    require_available(
        can(method, "encode", "generate"), f"{type(method).__name__} has no generator of encoded codes G(s, c)"
    )


def _images_of(method):
    """`images` of a method as one graph of the codes that are asked for, shared by all classes and metrics."""
    known, codes = _compiled.setdefault(method, {}), codes_asked()
    if codes not in known:
        owner = weakref.ref(method)  # the cache must not keep the method alive
        known[codes] = tf.function(lambda batch, seed: images(owner(), batch, seed))
    return known[codes]


def _mapped(compiled, dataset, chosen, seed, what):
    """compiled(batch, seed) of the examples of row numbers [N], batch by batch, as arrays."""
    count = len(chosen)
    for start in bar(range(0, count, BATCH), what, "batches"):
        some = chosen[start : start + BATCH]
        batch = dataset.take(np.resize(some, BATCH))  # one shape, one graph
        out = compiled(batch, noise.fold([seed, STREAM_NOISE], start // BATCH))
        size = len(some)
        yield tf.nest.map_structure(lambda a, size=size: a.numpy()[:size], out)
