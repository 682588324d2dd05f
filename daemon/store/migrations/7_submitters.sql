-- Version 7: who submitted a job, as the name of the key. Of older jobs nobody knows it. Events tell of keys that
-- are added and that expire: `key_added` and `key_expired` of daemon/core/telling/happening.h.

ALTER TABLE jobs ADD COLUMN submitter TEXT NOT NULL DEFAULT '';
