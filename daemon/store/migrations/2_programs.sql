-- Version 2: jobs that run programs, with their files, logs and outputs. Where `begin` and `end` are to be ordered by SQLite
-- itself, as in logs and outputs, they are stored with their highest bit flipped: signed order is then theirs.

ALTER TABLE jobs ADD COLUMN cpus INTEGER NOT NULL DEFAULT 1;
ALTER TABLE jobs ADD COLUMN require TEXT NOT NULL DEFAULT '';        -- KEY=VALUE lines
ALTER TABLE jobs ADD COLUMN failures_forgiven INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN collected_bytes INTEGER NOT NULL DEFAULT 0;

-- Apart from its job, whose row is written all the time.
CREATE TABLE programs (
  job     INTEGER PRIMARY KEY,
  program BLOB NOT NULL                -- a msgpack map, as in the messages
) STRICT;

CREATE TABLE files (
  hash TEXT    NOT NULL PRIMARY KEY,   -- SHA-256, in hexadecimal
  size INTEGER NOT NULL,
  upto INTEGER NOT NULL                -- [0, upto) is there
) WITHOUT ROWID, STRICT;

CREATE TABLE file_parts (
  hash       TEXT    NOT NULL,
  part_begin INTEGER NOT NULL,
  bytes      BLOB    NOT NULL,
  UNIQUE (hash, part_begin)
) STRICT;

-- The last message of each agent with what its programs printed that is stored.
CREATE TABLE outputs_seen (
  agent INTEGER PRIMARY KEY,
  seq   INTEGER NOT NULL
) STRICT;

CREATE TABLE logs (
  job           INTEGER NOT NULL,
  number        INTEGER NOT NULL,      -- counts up within the job
  unix_ms       INTEGER NOT NULL,
  agent         TEXT    NOT NULL,
  lease_epoch   INTEGER NOT NULL,
  lease_counter INTEGER NOT NULL,
  begin         INTEGER NOT NULL,
  end           INTEGER NOT NULL,
  attempt       INTEGER NOT NULL,
  stream        TEXT    NOT NULL,      -- stdout, stderr, pq
  failed        INTEGER NOT NULL,      -- the run has failed, and this is its last part
  text          BLOB    NOT NULL,
  PRIMARY KEY (job, number)
) WITHOUT ROWID, STRICT;
CREATE INDEX logs_of_failures ON logs (job, lease_epoch, lease_counter, begin) WHERE failed;

CREATE TABLE outputs (
  job           INTEGER NOT NULL,
  begin         INTEGER NOT NULL,
  part_begin    INTEGER NOT NULL,      -- in the run's text
  lease_epoch   INTEGER NOT NULL,
  lease_counter INTEGER NOT NULL,
  end           INTEGER NOT NULL,
  last          INTEGER NOT NULL,      -- part of the run
  text          BLOB    NOT NULL,
  PRIMARY KEY (job, begin, part_begin, lease_epoch, lease_counter)
) WITHOUT ROWID, STRICT;
