-- Questions whether what a partner found may be passed on: direction out are ours, in are a partner's. granted is
-- empty while nobody has answered.
-- Cost: merges consents; they are few.
SELECT
    direction, party, case_id, alert_id, message_id, items, to, asked_at, answer_id, granted, answered_at, answered_by,
    dateDiff('millisecond', asked_at, answered_at) / 1000 AS answer_s
FROM consents FINAL
