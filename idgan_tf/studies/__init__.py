"""The papers' tables: a .toml file for each, their jobs, their claims, and our numbers beside the published ones."""
