-- Version 5: who has computed what. A part is what a lease has left: its range, its own value and who held it. The parts
-- of a job tile what is done of it. `begin` and `end` are ordered by SQLite: their highest bit is flipped.

ALTER TABLE jobs ADD COLUMN discarded INTEGER NOT NULL DEFAULT 0;

CREATE TABLE parts (
  job           INTEGER NOT NULL,
  begin         INTEGER NOT NULL,
  end           INTEGER NOT NULL,
  lease_epoch   INTEGER,               -- NULL: joined of several, or not known
  lease_counter INTEGER,
  workers       BLOB    NOT NULL,      -- 8 bytes each, big-endian, in order; none: not known who they were
  value         ANY,
  output_bytes  INTEGER NOT NULL,
  PRIMARY KEY (job, begin)
) WITHOUT ROWID, STRICT;

-- Those who have parts of a job, or had some.
CREATE TABLE workers (
  job        INTEGER NOT NULL,
  worker     INTEGER NOT NULL,         -- follows from the two
  name       TEXT    NOT NULL,
  public_key TEXT    NOT NULL,
  PRIMARY KEY (job, worker)
) WITHOUT ROWID, STRICT;

-- Those who have said of a job what cannot be.
CREATE TABLE suspects (
  job         INTEGER NOT NULL,
  worker      INTEGER NOT NULL,
  name        TEXT    NOT NULL,
  contradicts INTEGER NOT NULL,        -- two values for one part; else an impossible value
  what        TEXT    NOT NULL,
  must_be_discarded INTEGER NOT NULL,  -- its parts are still there
  PRIMARY KEY (job, worker)
) WITHOUT ROWID, STRICT;

-- Of what was done before, nobody knows by whom.
INSERT INTO parts (job, begin, end, workers, value, output_bytes)
SELECT job, (begin | (1 << 63)) - (begin & (1 << 63)), (end | (1 << 63)) - (end & (1 << 63)), x'', value, 0
FROM spans WHERE state = 'done';

UPDATE parts SET output_bytes = coalesce(
  (SELECT sum(length(text)) FROM outputs
   WHERE outputs.job = parts.job AND outputs.begin >= parts.begin AND outputs.begin < parts.end), 0);

-- What had been lost with its leases was counted too.
UPDATE jobs SET collected_bytes =
  coalesce((SELECT sum(output_bytes) FROM parts WHERE parts.job = jobs.id), 0) +
  coalesce((SELECT sum(length(text)) FROM spans JOIN outputs USING (job, lease_epoch, lease_counter)
            WHERE spans.job = jobs.id AND spans.state = 'leased'
            AND outputs.begin < (spans.upto | (1 << 63)) - (spans.upto & (1 << 63))), 0);
