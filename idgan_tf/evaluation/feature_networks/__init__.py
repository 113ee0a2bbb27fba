"""The networks that metrics look at images with."""
