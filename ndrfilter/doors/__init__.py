"""The ways in: the commands that people and mail programs call. Doors do not import each other's commands."""
