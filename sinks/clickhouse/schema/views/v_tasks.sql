-- What alerts want people to do, with the alert's state and urgency; done_by desk = it went away by itself. open_s is
-- how long it has waited, or did. why says of a contradiction which field of the partner's word does not fit.
-- Cost: merges tasks and joins alerts; both are small.
SELECT
    t.direction AS direction, t.party AS party, t.case_id AS case_id, t.alert_id AS alert_id, a.state AS state,
    a.urgency AS urgency, t.task_id AS task_id, t.kind AS kind, t.about AS about, t.why AS why, t.least AS least,
    t.opened_at AS opened_at, t.done_at AS done_at, t.done_by AS done_by,
    dateDiff('second', t.opened_at, ifNull(t.done_at, now64(3, 'UTC'))) AS open_s
FROM tasks AS t FINAL
LEFT JOIN (SELECT * FROM alerts FINAL) AS a
    ON a.direction = t.direction AND a.party = t.party AND a.alert_id = t.alert_id
