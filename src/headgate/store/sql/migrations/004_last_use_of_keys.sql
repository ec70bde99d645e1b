-- When and from where a key was used last.

ALTER TABLE tallies ADD COLUMN IF NOT EXISTS last_received_at DateTime64(6, 'UTC') AFTER rejected;

ALTER TABLE tallies ADD COLUMN IF NOT EXISTS last_address String AFTER last_received_at;
