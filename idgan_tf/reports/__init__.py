"""What runs and studies left, as HTML pages that need no other file."""
