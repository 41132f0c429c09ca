"""The service behind all doors: who may come in, what is asked, who keeps count, and the processes that do it."""
