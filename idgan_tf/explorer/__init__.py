"""The code of a trained method in the browser: bin/explore."""
