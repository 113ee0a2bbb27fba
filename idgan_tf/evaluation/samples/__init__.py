"""What metrics are measured on: codes, and real and generated images."""
