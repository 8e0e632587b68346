ALTER TABLE tasks
    ADD COLUMN IF NOT EXISTS why Array(String) COMMENT 'Of a contradiction, in words: which field of the partner''s word does not fit, and what; no personal data' AFTER about;
