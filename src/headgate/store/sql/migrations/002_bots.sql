-- Marks what was sent by a program that says who it is.

ALTER TABLE conversions ADD COLUMN IF NOT EXISTS bot Bool AFTER limited_data_use;
