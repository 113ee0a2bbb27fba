"""The code of a trained method in the browser: bin/explore."""

HOST = "127.0.0.1"  # nobody on the network sees the page
