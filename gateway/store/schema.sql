-- Step 1 of the schema. Later steps are `schema_2.sql`, …: a released step is never edited.
-- What is asked for is a column; the rest of a value is its JSON in `data`. Times are unix seconds.

CREATE TABLE conversation (
    seq INTEGER PRIMARY KEY,  -- grows with each new conversation: "newest" without trusting a clock
    id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    channel TEXT NOT NULL,
    client TEXT NOT NULL,
    floor TEXT NOT NULL,
    platform TEXT,            -- of the handoff going on
    active_at REAL NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX conversation_client ON conversation (channel, client);
CREATE INDEX conversation_active ON conversation (active_at);
CREATE INDEX conversation_platform ON conversation (platform) WHERE platform IS NOT NULL;

CREATE TABLE entry (
    conversation TEXT NOT NULL,
    number INTEGER NOT NULL,
    said TEXT,                -- the message's id, empty if it has none; NULL: not something said
    data BLOB NOT NULL,
    PRIMARY KEY (conversation, number)
) WITHOUT ROWID;

CREATE TABLE effect (
    conversation TEXT NOT NULL,
    number INTEGER NOT NULL,
    target TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    made_at REAL NOT NULL,
    action BLOB NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at REAL NOT NULL,
    error TEXT NOT NULL,
    delayed INTEGER NOT NULL,
    ended_at REAL,
    failures TEXT NOT NULL DEFAULT '',  -- a line of JSON per failed attempt: [at, reason]
    PRIMARY KEY (conversation, number)
) WITHOUT ROWID;
CREATE INDEX effect_pending ON effect (conversation, number) WHERE state = 'pending';
CREATE INDEX effect_failed ON effect (ended_at) WHERE state = 'failed';

CREATE TABLE timer (
    conversation TEXT NOT NULL,
    name TEXT NOT NULL,
    due_at REAL NOT NULL,
    epoch INTEGER NOT NULL,
    PRIMARY KEY (conversation, name)
) WITHOUT ROWID;

-- Rows lie in the order they came, so the old ones are found without an index on `at`.
CREATE TABLE dedup (
    seq INTEGER PRIMARY KEY,
    instance TEXT NOT NULL,
    key TEXT NOT NULL,
    at REAL NOT NULL,
    UNIQUE (instance, key)
);

-- Every session there ever was, under the gateway's id and under the platform's.
CREATE TABLE session (
    conversation TEXT NOT NULL,
    platform TEXT NOT NULL,
    session TEXT NOT NULL,
    PRIMARY KEY (conversation, platform, session)
) WITHOUT ROWID;
CREATE INDEX session_id ON session (platform, session);

CREATE TABLE kv (
    instance TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (instance, key)
) WITHOUT ROWID;
