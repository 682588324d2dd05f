-- Version 6: what has been erased of jobs that have ended. The id of an erased job is not given again.

ALTER TABLE jobs ADD COLUMN logs_forgotten INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN output_forgotten INTEGER NOT NULL DEFAULT 0;

CREATE TABLE last_job (
  only_row INTEGER PRIMARY KEY,   -- 0
  id       INTEGER NOT NULL       -- the highest one that was given when a job was erased
) STRICT;
