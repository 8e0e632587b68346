-- Recalls of payments by our own banks: where each stands, what came back, and how long the answer took. A rejected
-- recall says nothing about the freeze request, nor the other way round.
-- Cost: merges recalls and joins items; both are small.
SELECT
    r.case_id AS case_id, r.alert_id AS alert_id, r.item_id AS item_id, r.payment_key AS payment_key, r.bank AS bank,
    r.child_alert AS child_alert, r.state AS state, r.why AS why, r.reason AS reason, r.codes AS codes,
    r.camt056_id AS camt056_id, r.next_agent AS next_agent, p.disputed AS disputed, p.disputed_currency AS currency,
    r.accepted AS accepted, r.accepted_currency AS accepted_currency, r.returned AS returned,
    r.returned_currency AS returned_currency, r.costs AS costs, r.differs AS differs,
    r.asked_at AS asked_at, r.initiated_at AS initiated_at, r.answered_at AS answered_at, r.chased_at AS chased_at,
    dateDiff('millisecond', r.initiated_at, r.answered_at) / 1000 AS answer_s
FROM recalls AS r FINAL
LEFT JOIN (SELECT * FROM alert_payments FINAL) AS p
    ON p.direction = r.direction AND p.party = r.party AND p.alert_id = r.alert_id AND p.item_id = r.item_id
WHERE NOT r.instruction AND r.state != 'dropped'
