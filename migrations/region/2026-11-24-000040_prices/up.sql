-- What the account is charged per started minute of a call (domain.md 4.4): a call keeps the rates it
-- started with.
ALTER TABLE calls ADD COLUMN price_per_minute bigint NOT NULL DEFAULT 0 CHECK (price_per_minute >= 0);
