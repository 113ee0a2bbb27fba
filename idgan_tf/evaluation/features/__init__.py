"""Metrics of features of images, real and generated, in numpy: nothing here needs TensorFlow but for runs."""
