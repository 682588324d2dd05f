-- Version 3: a bounded history of what happened to whom, written with the changes that it tells of.

CREATE TABLE events (
  number  INTEGER PRIMARY KEY,      -- counts up
  unix_ms INTEGER NOT NULL,
  what    TEXT    NOT NULL,         -- agent_joined, lease_expired, …
  job     INTEGER NOT NULL,         -- 0: of no job
  agent   TEXT    NOT NULL,         -- empty: of no agent
  detail  TEXT    NOT NULL
) STRICT;
