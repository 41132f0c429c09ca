"""Reading one `Received:` field: its clauses, the software that wrote it, and what that software says of its peer."""
