ALTER TABLE calls DROP COLUMN price_per_minute;
