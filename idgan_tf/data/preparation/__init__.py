"""Turning what people download into what training reads."""
