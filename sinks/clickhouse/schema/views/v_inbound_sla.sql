-- Per party that asks us: how many of its alerts we received, accepted, answered and refused, how fast (seconds), how
-- many machine receipts were ready within 5 s and critical ones accepted within 60 min, how many answers came before
-- the moment that the party asked for (the time in which it owed us information does not count), how long our reply
-- waited after the bank had answered, and what is overdue now.
-- Cost: groups alerts and joins two kinds of messages; all are small.
SELECT
    a.party AS party, any(a.party_country) AS party_country, any(a.party_kind) AS party_kind, count() AS alerts,
    countIf(a.accepted_at IS NOT NULL) AS accepted, countIf(a.answered_at IS NOT NULL) AS answered,
    countIf(a.ending = 'refused' OR a.state = 'refused') AS refused, countIf(a.closed_at IS NULL) AS open,
    quantile(0.5)(r.receipt_s) AS receipt_p50_s, quantile(0.99)(r.receipt_s) AS receipt_p99_s,
    countIf(r.receipt_s <= 5) AS received_within_5s,
    quantile(0.5)(dateDiff('millisecond', r.arrived_at, a.accepted_at) / 1000) AS accept_p50_s,
    countIf(a.urgency = 'critical' AND a.accepted_at IS NOT NULL) AS critical_accepted,
    countIf(a.urgency = 'critical' AND dateDiff('second', r.arrived_at, a.accepted_at) <= 3600) AS critical_within_60min,
    quantile(0.5)(dateDiff('millisecond', r.arrived_at, a.answered_at) / 1000) AS answer_p50_s,
    countIf(a.answered_at <= a.decide_by + toIntervalMillisecond(a.paused_ms)) AS answered_in_time,
    quantileIf(0.5)(dateDiff('millisecond', a.bank_answered_at, a.answered_at) / 1000, a.answered_at >= a.bank_answered_at)
        AS release_p50_s,
    countIf(a.closed_at IS NULL AND a.answered_at IS NULL
        AND a.decide_by + toIntervalMillisecond(a.paused_ms) < now64(3, 'UTC')) AS overdue
FROM (SELECT * FROM alerts FINAL WHERE direction = 'in') AS a
LEFT JOIN
(
    SELECT
        i.party AS party, i.alert_id AS alert_id, min(i.received_at) AS arrived_at,
        argMin(dateDiff('millisecond', i.received_at, o.queued_at), i.received_at) / 1000 AS receipt_s
    FROM (SELECT * FROM messages FINAL WHERE direction = 'in' AND type = 'request') AS i
    LEFT JOIN (SELECT * FROM messages FINAL WHERE direction = 'out' AND type = 'receipt') AS o
        ON o.party = i.party AND o.message_id = concat(i.message_id, '-R1')
    GROUP BY party, alert_id
) AS r ON r.party = a.party AND r.alert_id = a.alert_id
GROUP BY a.party
