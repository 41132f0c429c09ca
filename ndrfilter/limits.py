"""Every bound in one place, in bytes unless a name says otherwise; beyond a bound we record a defect and go on."""

from __future__ import annotations

# message
MAX_MESSAGE = 64 * 1024 * 1024
MAX_HEADER_FIELDS = 2_000
MAX_HEADER_BYTES = 512 * 1024
MAX_FIELD_BYTES = 64 * 1024
MAX_MIME_DEPTH = 24
MAX_MIME_PARTS = 500
MAX_PARAMETERS = 64
MAX_HOPS = 100
MAX_STRAY_HOPS = 200
MAX_STRAY_LINES = 20_000  # read for them, the same ones again counted
MAX_ORIGINALS = 50
MAX_DECODED_PART = 1024 * 1024
MAX_TEXT = 256 * 1024
MAX_LINKS = 500
MAX_RECIPIENTS = 1_000
MAX_STATUS_BYTES = 1024 * 1024
MAX_DIAGNOSTIC_CHARS = 2_000
MAX_DEFECTS = 50
MAX_RETURNED_SEARCH = 4 * 1024 * 1024

# language
MAX_RULE_FILE = 1024 * 1024
MAX_RULES = 20_000
MAX_RULE_CACHE = 64 * 1024 * 1024
MAX_EXPRESSION_DEPTH = 64
MAX_PATTERN_CHARS = 4_000
MAX_REGEX_MEMORY = 8 * 1024 * 1024
REGEX_MEMORY = 256 * 1024  # of a pattern that needs no more; what mail makes its automaton grow to is within it
REGEX_INSTRUCTION = 128  # for each instruction of a pattern that needs more
MAX_LET_DEPTH = 32
MAX_QUANTIFIER_DEPTH = 2
MAX_QUANTIFIED = (2_000, 100)  # items looked at, by a quantifier and by one inside it
MAX_LIST_FILE = 64 * 1024 * 1024
MAX_DIAGNOSTICS = 100
MAX_TRACE_STEPS = 200  # of one rule, what its lets ask included
MAX_DESCRIPTION_CHARS = 300

# configuration
MAX_CONFIG_FILE = 1024 * 1024
MAX_CONFIG_DEPTH = 20
MAX_CONFIG_NODES = 500_000
MAX_SITES = 10_000
MAX_KEY_NAME = 16

# network: one deadline for a message, in seconds; at most this many questions
MESSAGE_DEADLINE = 5.0
DNS_QUERY_TIMEOUT = 2.0
MAX_DNS_QUERIES = 20
MAX_SPF_LOOKUPS = 10
MAX_SPF_VOID_LOOKUPS = 2
MAX_SPF_QUERIES = 75  # of one evaluation; the message's budget ends most sooner
MAX_SPF_REPORTER_QUERIES = 5  # for a name that strangers choose
MAX_SPF_MACROS = 64  # of one record
MAX_DNSBL_ZONES = 4
MAX_DNS_CACHE = 10_000  # answers
MAX_DNS_CACHE_CHARS = 8 * 1024 * 1024
MAX_DNS_RECORDS = 100  # of one message; each may take half a millisecond to read
MAX_DNS_ANSWER = 8 * 1024
MAX_DNS_TTL = 3_600  # seconds an answer is remembered at most
MAX_DNS_NEGATIVE_TTL = 300

# output
MAX_HEADER_RULES = 20
HEADER_FOLD = 78

# outbound and token
MAX_LINE = 998  # of a header that we write (RFC 5322 section 2.1.1)
MAX_TOKENS = 8  # looked at in one message
MAX_WOVEN_ID = 250  # a Message-ID longer than this is left as it is

# dkim
MAX_DKIM_SIGNATURES = 4  # of ours that are tried in one message
MAX_DKIM_FIELD_BYTES = 8 * 1024
MAX_DKIM_SIGNED_NAMES = 100  # in h=
MAX_DKIM_SIGNED_BYTES = 128 * 1024  # of the fields that are hashed
MAX_DKIM_BODY = 1024 * 1024  # of a larger one only the header is verified
MAX_DKIM_KEYS = 3  # records under one name
MAX_DKIM_KEY_CHARS = 4_096
MIN_DKIM_RSA_BITS, MAX_DKIM_RSA_BITS = 1_024, 4_096
MAX_DKIM_ARCHIVE = 1_000  # files

# state
STORE_TIMEOUT = 1.0  # seconds to wait for another process
STORE_VALUES = 1_000  # under one key
STORE_BATCH = 1_000  # rows in one transaction
STORE_SWEEP = 200  # rows that have expired, forgotten with every transaction

# sent log
SENT_RETENTION = 45 * 86_400.0  # seconds
SENT_MARGIN = 86_400.0  # seconds by which a sender's clock may be wrong
SENT_STALE = 3_600.0  # seconds after which who feeds the log is held for dead
SENT_BATCH = 500  # messages recorded in one transaction
MAX_SENT_ID = 1_000  # characters of a Message-ID that count
MAX_LOGGED_ID = 200  # characters; mail logs may cut what is longer
MAX_SENT_REFERENCES = 10  # ids looked up in one message

# batv and srs
MAX_BATV_DAYS = 100
BATV_QUEUE_DAYS = 10  # how long a message without a date may have been on its way
MAX_BATV_ADDRESSES = 20  # of the header that are searched for a tag
MAX_SRS_HASH = 27  # characters of base 64 that an HMAC-SHA1 has

# sent follow
MAX_LOG_LINE = 16 * 1024
MAX_UNPACKED_LOG = 8 * 1024 * 1024 * 1024  # of one rotated file
MAX_ROTATED_LOGS = 400
FOLLOW_READ = 256 * 1024  # at a time
FOLLOW_HEAD = 256  # bytes at the beginning of a file by which it is known again
FOLLOW_BATCH = 500  # entries in one writing
FOLLOW_INTERVAL, FOLLOW_PAUSE = 1.0, 0.5  # seconds between writings, between looks at a file without news
FOLLOW_RETRY = 5.0  # seconds until the store is tried again
FOLLOW_MESSAGES = 50_000  # in the queue at once
FOLLOW_KNOWN_IDS = 200_000  # Message-IDs whose origin is remembered
FOLLOW_IDS = 4  # of one message
FOLLOW_RECIPIENTS = 10_000  # of one message
FOLLOW_CHANNELS = 100
FOLLOW_OPENING = 600.0  # seconds from a message's first line until it must be in the queue
FOLLOW_REPLAY = (4 * 1024 * 1024, 64 * 1024 * 1024)  # read again at a start: at least, at most
FOLLOW_STRANGE = 1_000  # lines in a row that are no log lines

# service; times in seconds
SERVICE_DRAIN = 30.0  # for connections that are open when we stop or change
MAX_LISTENERS = 64
MAX_WORKERS = 64
SERVICE_MESSAGE = 64 * 1024 * 1024  # a larger one is answered with the protocol's own "not now"
SERVICE_MEMORY = 256 * 1024 * 1024  # held by all unfinished requests of one worker
SERVICE_CONNECTIONS = 2_000  # of one worker
SERVICE_RESERVED_FILES = 24  # descriptors kept for logs, state, DNS
SERVICE_BACKLOG = 1_024
SERVICE_READ_AHEAD = 2  # pieces, of up to 256 KiB each, taken from a client whose last request is not answered yet
SERVICE_BURST = 16  # requests of one client that are answered before others have their turn
SERVICE_TICK = 0.5  # between looks at deadlines
SERVICE_HEARTBEAT = 3 * MESSAGE_DEADLINE  # a worker silent for so long is killed
SERVICE_START = 30.0  # for a worker to serve, and for a new generation of them
SERVICE_BACK_OFF = 5.0  # at most between two tries to start a worker
SERVICE_WATCH = 2.0  # between looks at the files that were read
SERVICE_FAREWELL = 1.0  # a client that has been silent for so long is not waited for at a stop
SERVICE_SEATS = 4  # for each worker: old ones may still drain while new ones serve
TLS_HANDSHAKE = 10.0  # for a client to agree on TLS
REQUEST_DEADLINE = 60.0  # for a client to say all of what it began to say
REPLY_DEADLINE = 60.0  # for a client to take an answer
LINGER = 5.0  # for a client to close after we did
IDLE_DEADLINE = 75.0  # between two requests
MIN_EVICTION = 1.0  # a connection that has moved since is not closed in favour of another
MIN_PROGRESS = 1024  # bytes, or so great a part of what it holds: who says less has not moved
PROGRESS_SHARE = 16

# policy door
POLICY_IDLE = 360.0  # seconds between two requests; Postfix itself gives a connection up after 300
MAX_POLICY_LINE = 4 * 1024
MAX_POLICY_REQUEST = 64 * 1024
MAX_POLICY_ATTRIBUTES = 200
MAX_POLICY_RECIPIENTS = 1_000  # of one message that are remembered

# board and journal
BOARD_RULES = 2_000  # told apart; what is beyond is "other"
BOARD_WORD_BYTES = 96  # of a word that is counted
BOARD_NOTES_BYTES = 16 * 1024
JOURNAL_LINE = 4_000  # bytes with what stands before it: a pipe takes so much whole (pipe(7))
JOURNAL_WORD = 200  # characters of one value
JOURNAL_ITEMS = 20  # of one list
JOURNAL_PATIENCE = 0.02  # seconds to wait for a log that takes nothing
REPORT_WORDS = 5_000  # of each list that `report` counts; twice as many are kept before the rarest go
REPORT_HOURS = 100_000

# http
MAX_HTTP_HEAD = 512 * 1024  # of one request: its line and its header
MAX_HTTP_FIELDS = 4_000  # a field for each recipient among them
MAX_HTTP_TARGET = 4 * 1024

# spamd
SPAMD_LINE = 8 * 1024  # of a request's head
SPAMD_FIELDS = 256  # of a request
SPAMD_INFLATE = 256 * 1024  # at a time
SPAMD_ENVELOPE = 64 * 1024  # of a message's header that is searched for its envelope
MAX_REPORT_RULES = 20
MAX_REPORT_TEXT = 400  # characters of one paragraph

# milter
MILTER_PACKET = 256 * 1024  # Postfix sends fields of up to header_size_limit whole (100 KiB unless told otherwise)
MILTER_MESSAGE = 8 * 1024 * 1024  # of a larger message the front is looked at; what a bounce says stands there
MILTER_IDLE = 7_210.0  # seconds between two messages; libmilter's own, longer than any SMTP session
MILTER_COPIES = 1_000  # of a field that are taken out of one message
MILTER_REPLY = 400  # characters of an SMTP reply's text (RFC 5321 section 4.5.3.1.5)

# sweep: what is looked at, remembered, moved
SWEEP_MESSAGE = 8 * 1024 * 1024  # of a larger message the front is looked at; what a bounce says stands there
SWEEP_HEADS = 200  # asked for at once
SWEEP_RAWS = 16 * 1024 * 1024  # of whole messages asked for at once
SWEEP_MOVES = 500  # messages moved at once: so many may be in doubt after a crash
SWEEP_PAGE = 500  # rows read at once
SWEEP_TEXT = 300  # characters of a text from mail that is remembered
SWEEP_FAILED = 20  # addresses of one bounce
SWEEP_REMARKS = 100
MAX_SWEEP_ADDRESSES = 50_000  # of correspondents, those written to and those heard from each
SWEEP_WAIT = 5.0  # seconds for another process to let go of the ledger

# sweep: the answer
ANSWER_LETTERS = 50  # genuine messages shown in full
ANSWER_UNCLEAR, ANSWER_FAKES, ANSWER_HOSTS, ANSWER_DAYS = 20, 10, 5, 7  # shown as a list
ANSWER_ADDRESSES = 5  # of one message
ANSWER_ADDRESS = 254  # characters (RFC 5321 section 4.5.3.1.3, without the brackets)
ANSWER_TEXT, ANSWER_SAID = 200, 300  # characters of a subject or a host, of what a server said
ANSWER_BUCKETS = 20_000  # hours that are told apart; beyond, days and then weeks
ANSWER_TALLY = 10_000  # things counted by name; twice as many are kept before the rarest go
ANSWER_PEOPLE = 1_000  # addresses told apart in what an intruder may have sent
ANSWER_BOOK = 200_000  # addresses a likely spelling is looked for in
ANSWER_NEAR = 2_000  # of one domain, and domains: those most used

# sweep, the command; times in seconds
SWEEP_RECONNECTS, SWEEP_RECONNECT_PAUSE = 5, 2.0  # in a row, before it gives up
SWEEP_WATCH, SWEEP_WATCH_ALL = 600.0, 3_600.0  # between looks at a folder of which nothing is heard, and at all

# sweep: evidence from the mailbox itself
SWEEP_RETENTION = 3_650 * 86_400.0  # seconds that what the Sent folder told is kept
SWEEP_SENT_LAG = 1_800.0  # seconds until a message that was sent is in the Sent folder, and that clocks may differ
SWEEP_SENT_FRESH = 14 * 86_400.0  # seconds without anything sent, after which nobody knows where it goes now
SWEEP_LOOKED_AT, SWEEP_LOOKED_AT_DAY = 3_000, 60  # newest messages asked for traces and witnesses; of one day
SWEEP_BOUNCES, SWEEP_BOUNCE_BYTES = 200, 64 * 1024  # of those, returned ones that are read; of each
SWEEP_WITNESSES, SWEEP_WITNESS_DAYS = 10, 5  # at least, and on so many days
SWEEP_WITNESS_GAP = 45 * 86_400.0  # seconds without a witness, of which then nobody knows anything
SWEEP_ADDRESSES = 50  # of one person
SWEEP_AUTHORS = 1_000  # different ones in a Sent folder that are counted
SWEEP_ALIAS = 3  # messages that make a stranger's domain one of the person's
SWEEP_RELAYS, SWEEP_RECEIVERS = 60, 20

# sweep: local mailboxes; times in seconds
MAX_FOLDERS, MAX_FOLDER_DEPTH, MAX_FOLDER_NAME = 10_000, 10, 200  # of one mailbox; bytes
SWEEP_LOOKS = 5  # at a folder, for a message that another program renames meanwhile
SWEEP_POLL = 2.0  # between two looks at whether a folder has changed
MBOX_LOCK_PATIENCE, MBOX_LOCK_STALE = 10.0, 300.0  # a lock file that nobody touched for so long was forgotten
MBOX_COPY = 1024 * 1024  # at a time

# sweep: IMAP; times in seconds
SWEEP_SECRET, SWEEP_SECRET_PATIENCE = 64 * 1024, 60.0  # for a password file; for a password command to end
IMAP_SILENCE, IMAP_LOGIN, IMAP_COMMAND = 60.0, 90.0, 900.0  # for more to come, for a login, for a whole answer
IMAP_IDLE, IMAP_POLL = 27 * 60.0, 30.0  # until IDLE is asked anew (RFC 2177: before 29 minutes); without it, to look
IMAP_LINE, IMAP_LINES, IMAP_LITERAL = 1024 * 1024, 100_000, MAX_MESSAGE + 1024  # lines of one answer
IMAP_ANSWER, IMAP_SMALL_ANSWER = 96 * 1024 * 1024, 8 * 1024 * 1024  # to one command, to one that asks for no mail
IMAP_ITEMS, IMAP_HEADS, IMAP_MOVES, IMAP_COPIES = 500, 200, 500, 50  # messages in one command
IMAP_RAWS = 16 * 1024 * 1024  # of whole messages in one command
IMAP_HEAD = 64 * 1024  # of a header; a message that has more is read whole
IMAP_DEPTH = 100  # of parentheses in each other
IMAP_CHALLENGES = 5  # at login
