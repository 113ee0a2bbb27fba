"""ID-GAN: a GAN that renders the code of a frozen, disentangling encoder.

Lee et al., "High-Fidelity Synthesis with Disentangled Representation", ECCV 2020, arXiv:2001.04296. This is
the two-step method: stage 1 (any method with `encode`) is trained first and only read here.
"""

import functools

import gin
import tensorflow as tf

from idgan_tf.errors import require, require_flag
from idgan_tf.methods.code_reader import CodeReader
from idgan_tf.methods.faces import checked
from idgan_tf.methods.gan import GAN
from idgan_tf.networks.ranges import unsigned
from idgan_tf.objectives.gaussian import gaussian_code_nll, sample_gaussian
from idgan_tf.objectives.weights import is_zero, require_weights


@gin.register
class IDGAN(GAN):
    """min_G max_D L_GAN(D, G) - lambda_id * R_ID(G) (Eq. 2 to 4), x = G(s, c), c ~ q(c|x') of a real x'.

    R_ID is the mean log-density of c under q(.|G(s, c)); its gradient reaches G through the frozen encoder.
    With lambda_id = 0 it is the paper's "ID-GAN without distillation", which only reports R_ID.

    Args:
        teacher: {"teacher_encoder": ..., "teacher_decoder": ...}, frozen networks of stage 1; the decoder is
            for pictures, and teachers without one (`teacher.roles = ("encoder",)`) will do. With a
            "teacher_reconstructor" it is an IB-GAN, which reads images in two steps, or, without an encoder, one
            of its baselines, whose q(z|x) is N(Q(x), I). Of a `QuantisedEncoder`, q(c|x) is a narrow Gaussian around
            the levels of the code (`networks.quantised.quantise`).
        lambda_id: weight of the distillation term, >= 0: a number, or a schedule of the step.
        grey_teacher: whether colour images become grey for a teacher of grey images; their size is always
            converted.
        resize: how: "bilinear" (paper) or "area" (code), see `networks.resize.convert`.
        start: "scratch" (paper), or "teacher" (ours): the generator begins as the teacher's decoder, enlarged where its
            images are larger.
        **gan: the arguments of `GAN`.
    """

    codes = "c ~ q(c)"
    meanings = {"distillation": "nats to read the code back from a generated image", **GAN.meanings}
    owners = {"distillation": "generator", **GAN.owners}

    def __init__(self, teacher, lambda_id, grey_teacher=False, resize="bilinear", start="scratch", **gan):
        name = type(self).__name__
        require(start in ("scratch", "teacher"), f'{name}.start is "scratch" or "teacher", got {start!r}')
        require(resize in ("bilinear", "area"), f'{name}.resize is "bilinear" or "area", got {resize!r}')
        require_weights(name, lambda_id=lambda_id)
        require_flag(f"{name}.grey_teacher", grey_teacher)
        super().__init__(**teacher, **gan)
        self.lambda_id = lambda_id
        self.reader = CodeReader(teacher, grey_teacher, resize)
        self.levels = self.reader.levels
        require(
            self.code_dim == self.reader.code_dim,
            f"the generator's latent_dim must be nuisance_dim {self.nuisance_dim} + the teacher's "
            f"{self.reader.code_dim}, got {self.code_dim + self.nuisance_dim}",
        )
        if self.reader.decoder is not None:
            self.decode = functools.partial(_decode, self)  # a face that callers look for
        if start == "teacher":
            self._start_as_teacher()

    def _start_as_teacher(self):
        """The generator and its average begin as the teacher's decoder."""
        kind = type(self.generator).__name__
        require(hasattr(self.generator, "start_as"), f'start = "teacher" does not apply to a {kind}')
        require("teacher_decoder" in self.networks, 'start = "teacher" needs a teacher with a decoder')
        self.generator.start_as(self.teacher_decoder)
        self.average_generator.set_weights(self.generator.get_weights())

    def distillation(self, c, fake):
        """-R_ID (Eq. 3), a scalar in nats, without the constant entropy of c: mean of -log q(c|x) of x in [-1, 1]."""
        return tf.reduce_mean(gaussian_code_nll(c, *self.encode(unsigned(fake))))

    def generator_cost(self, c, fake, seed):
        """G's side of L_GAN - lambda_id * R_ID (Eq. 4), c ~ q(c|x') [B, D]: (scalar, {name: value to report})."""
        loss, terms = super().generator_cost(c, fake, seed)
        distillation = self.distillation(c, fake)
        loss = loss if is_zero(self.lambda_id) else loss + self.now(self.lambda_id) * distillation
        return loss, {**terms, "distillation": distillation}

    def sample_code(self, image, seed):
        """c [B, D] ~ q(c|x) for images [B, H, W, C]."""
        return sample_gaussian(*self.encode(image), seed=seed)

    def encode(self, image):
        """image [B, H, W, C] in [0, 1] -> (mean [B, D], logvar [B, D]) of the teacher's q(c|x)."""
        return self.reader.encode(image)


@checked
def _decode(method, c):
    """c [B, D] -> the teacher's image [B, H, W, C] in [0, 1]."""
    return method.reader.decode(c)
