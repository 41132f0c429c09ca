"""A whole mailbox, for its owner: what was returned is found, told apart, filed away, explained. Nothing is deleted.

`mailbox` is what a mailbox has to offer; `local` and `imap` are mailboxes. `evidence` asks the Sent folder, `run`
judges, `ledger` remembers, `filing` moves and takes back, `answer` says what happened.
"""
