-- The database, version 1: the first step of daemon/store/migrations.cpp. Once released it is never edited; a change is a
-- further step. Unsigned 64-bit integers are stored as the same 64 bits: order them in C++ only. A `value` is an
-- INTEGER, a decimal TEXT where it needs more than 64 bits, a REAL, or NULL for none. Words, bounds
-- and what a state requires are checked when rows are read, and not by CHECK, which every write would pay for.

CREATE TABLE jobs (
  id               INTEGER PRIMARY KEY,
  request_high     INTEGER NOT NULL,
  request_low      INTEGER NOT NULL,
  begin            INTEGER NOT NULL,
  end              INTEGER NOT NULL,
  kernel           TEXT    NOT NULL,
  fold             TEXT    NOT NULL,
  name             TEXT    NOT NULL,
  priority         INTEGER NOT NULL,
  attempts_max     INTEGER NOT NULL,
  failures_max     INTEGER NOT NULL,
  state            TEXT    NOT NULL,  -- queued, running, paused, done, failed, cancelled
  leases_granted   INTEGER NOT NULL,
  leases_expired   INTEGER NOT NULL,
  leases_yielded   INTEGER NOT NULL,
  recomputed       INTEGER NOT NULL,
  attempts_failed  INTEGER NOT NULL,
  created_unix_ms  INTEGER NOT NULL,
  started_unix_ms  INTEGER,
  finished_unix_ms INTEGER,
  error            TEXT
) STRICT;

-- A submit that is repeated after a lost answer must not become a second job.
CREATE UNIQUE INDEX jobs_by_request ON jobs (request_high, request_low);

-- The spans of a job tile its range: [begin, end) in one state each.
CREATE TABLE spans (
  job             INTEGER NOT NULL,
  begin           INTEGER NOT NULL,
  end             INTEGER NOT NULL,
  state           TEXT    NOT NULL,  -- free, leased, done, failed
  lease_epoch     INTEGER,           -- leased
  lease_counter   INTEGER,           -- leased
  agent           INTEGER,           -- leased: the holder
  upto            INTEGER,           -- leased: [begin, upto) is committed with `value`
  value           ANY,               -- leased, done
  attempts_failed INTEGER,           -- free, leased, failed
  failed_on       INTEGER,           -- free: the agent of the last failed attempt
  error           TEXT,              -- failed
  PRIMARY KEY (job, begin)
) WITHOUT ROWID, STRICT;

CREATE TABLE agents (
  id              INTEGER PRIMARY KEY,
  public_key      TEXT    NOT NULL,
  name            TEXT    NOT NULL,
  incarnation     INTEGER NOT NULL,
  program_version TEXT    NOT NULL,
  slots           INTEGER NOT NULL,
  kernels         TEXT    NOT NULL   -- their names, each followed by a space
) STRICT;

CREATE TABLE agent_labels (
  agent    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  key      TEXT    NOT NULL,
  value    TEXT    NOT NULL,
  PRIMARY KEY (agent, position)
) WITHOUT ROWID, STRICT;

-- One row a start of the head: half of the fencing token, so that no lease id is ever used twice.
CREATE TABLE epochs (
  epoch        INTEGER PRIMARY KEY,
  began_unix_s INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;
