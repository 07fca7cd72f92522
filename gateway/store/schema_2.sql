-- Step 2: the order in which steps of all conversations were committed, for listeners that miss nothing.

CREATE TABLE journal (
    position INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice, so that no reader is ever past what is new
    conversation TEXT NOT NULL,
    first INTEGER NOT NULL,                      -- numbers of the entries the step wrote
    last INTEGER NOT NULL
);

INSERT INTO journal (conversation, first, last)
SELECT conversation, min(number), max(number) FROM entry GROUP BY conversation ORDER BY conversation;
