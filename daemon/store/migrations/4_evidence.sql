-- Version 4: what is known against parts that are not computed yet: every agent on which one has failed, and agents that
-- were lost while they computed it. `failed_on` is the latest of the first kind.

ALTER TABLE spans ADD COLUMN failed_on_before TEXT;   -- free, leased, failed: agents' ids, each followed by a space
ALTER TABLE spans ADD COLUMN losses INTEGER;          -- free, leased, failed: of agents; NULL: none
ALTER TABLE spans ADD COLUMN losses_alone INTEGER;    -- free, leased, failed: of these, when it was a single integer already
ALTER TABLE spans ADD COLUMN lost_on TEXT;            -- free, leased, failed: those agents' ids, as above
ALTER TABLE spans ADD COLUMN in_hand_ms INTEGER;      -- free, leased, failed: so long had they computed it in all
ALTER TABLE spans ADD COLUMN lost_width INTEGER;      -- free, leased, failed: of the part that was lost last
ALTER TABLE jobs ADD COLUMN crash_limit INTEGER NOT NULL DEFAULT 3;   -- losses at which a part is given up; 0: never
