"""A trained method for others: a SavedModel and the texts beside it."""
