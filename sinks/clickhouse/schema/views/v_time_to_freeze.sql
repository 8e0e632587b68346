-- Per payment that we asked a partner about: when it was executed, detected, approved, sent, received, accepted,
-- decided and first held by a measure, and the seconds from execution and from detection to each. NULL = not yet.
-- Money is likely to come back within 72 hours of its execution: golden_until is their end, golden_left_s what is left
-- of them while nothing is held, and held_in_golden says that a measure came in time.
-- Cost: joins alerts, items and measures; all are small.
SELECT
    p.payment_key AS payment_key, p.alert_id AS alert_id, p.item_id AS item_id, a.case_id AS case_id, p.hop AS hop,
    a.party AS party, a.party_country AS party_country, a.state AS state, a.severity AS severity,
    p.disputed AS disputed, p.disputed_currency AS currency,
    p.executed_at AS executed_at, a.record_time AS reported_at, a.opened_at AS detected_at,
    a.approved_at AS approved_at, a.sent_at AS sent_at, a.received_at AS received_at,
    a.accepted_at AS accepted_at, a.decided_at AS decided_at, m.first_in_force_at AS in_force_at,
    dateDiff('millisecond', p.executed_at, a.opened_at) / 1000 AS executed_to_detected_s,
    dateDiff('millisecond', a.opened_at, a.approved_at) / 1000 AS detected_to_approved_s,
    dateDiff('millisecond', a.opened_at, a.sent_at) / 1000 AS detected_to_sent_s,
    dateDiff('millisecond', a.record_time, a.received_at) / 1000 AS reported_to_receipt_s,
    dateDiff('millisecond', a.opened_at, m.first_in_force_at) / 1000 AS detected_to_in_force_s,
    dateDiff('millisecond', p.executed_at, m.first_in_force_at) / 1000 AS executed_to_in_force_s,
    p.executed_at + toIntervalHour(72) AS golden_until,
    if(isNull(m.first_in_force_at), greatest(0, dateDiff('second', now64(3, 'UTC'), golden_until)), NULL) AS golden_left_s,
    ifNull(m.first_in_force_at <= golden_until, false) AS held_in_golden
FROM alert_payments AS p FINAL
INNER JOIN (SELECT * FROM alerts FINAL WHERE NOT instruction) AS a
    ON a.direction = p.direction AND a.party = p.party AND a.alert_id = p.alert_id
LEFT JOIN
(
    SELECT party, alert_id, min(in_force_at) AS first_in_force_at
    FROM measures FINAL
    WHERE state IN ('in_force', 'extended', 'converted', 'lifted', 'lapsed', 'ended')
        AND kind NOT IN ('monitoring', 'records_preserved')
    GROUP BY party, alert_id
) AS m ON m.party = p.party AND m.alert_id = p.alert_id
WHERE p.direction = 'out' AND NOT p.shed AND NOT p.taken_out AND NOT p.withheld
