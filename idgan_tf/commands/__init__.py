"""What the files in bin/ call: flags in, one function called, an exit code out."""
