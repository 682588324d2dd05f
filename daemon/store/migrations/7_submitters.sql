-- Version 7: who submitted a job, as the name of the key. Of older jobs nobody knows it.

ALTER TABLE jobs ADD COLUMN submitter TEXT NOT NULL DEFAULT '';
