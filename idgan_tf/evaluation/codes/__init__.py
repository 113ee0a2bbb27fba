"""Metrics of a code, in numpy and scikit-learn: nothing here needs TensorFlow."""
