-- Per rule and status (live or shadow): hits that stand (those of v_hits) and that no longer do, and what became of
-- the alerts. Those of a hit that alerts are its own; those of one that does not (shadow, excepted, cold, no alert) are
-- the alerts of live rules on the same report, a same payment or the same account (as subject there, as debtor, creditor
-- or subject here), so that a shadow rule is compared with live ones by outcome. Of the standing hits: confirmed = a partner granted a request in whole or part; refuted =
-- a partner refused, or officers did not approve or took it back; unclear = nothing found, duplicate, or closed
-- otherwise; open = nobody has said yet; only_this = no live rule has an alert there (what a shadow rule would add).
-- precision is confirmed of confirmed and refuted; useful is the share of decided alerts that were granted. Both are
-- NULL while there is none.
-- Example: SELECT rule, status, hits, confirmed, refuted, open, only_this, precision FROM v_rule_quality
-- WHERE rule LIKE 'mule-%' ORDER BY rule, status.
-- Cost: that of v_hits, then reads hits some more times, the reports of hits that do not alert, and alerts.
WITH
    told AS
    (
        SELECT
            evidence_key, rule, status, rule_version, revision, content_hash, key, version, late, excepted, cold,
            reporter, report_id, payment_keys, subject_uid, alert_id
        FROM hits FINAL
    ),
    quiet AS
    (
        SELECT evidence_key, point
        FROM told
        ARRAY JOIN arrayConcat([('report', concat(reporter, '/', report_id)), ('subject', splitByChar('#', subject_uid)[1])], arrayMap(p -> ('payment', p), payment_keys)) AS point
        WHERE alert_id = ''
        UNION ALL
        SELECT evidence_key, point
        FROM (SELECT evidence_key, reporter, report_id FROM told WHERE alert_id = '') AS q
        INNER JOIN
        (
            SELECT reporter, report_id, payment_key, creditor_uid, debtor_uid
            FROM reports
            WHERE (reporter, report_id) IN (SELECT reporter, report_id FROM told WHERE alert_id = '')
        ) AS r ON r.reporter = q.reporter AND r.report_id = q.report_id
        ARRAY JOIN [('payment', payment_key), ('subject', creditor_uid), ('subject', debtor_uid)] AS point
    ),
    alerted AS
    (
        SELECT DISTINCT alert_id, point
        FROM told
        ARRAY JOIN arrayConcat([('report', concat(reporter, '/', report_id)), ('subject', splitByChar('#', subject_uid)[1])], arrayMap(p -> ('payment', p), payment_keys)) AS point
        WHERE alert_id != '' AND point.2 != ''
    ),
    near AS
    (
        SELECT evidence_key, alert_id FROM told WHERE alert_id != ''
        UNION DISTINCT
        SELECT q.evidence_key AS evidence_key, l.alert_id AS alert_id
        FROM (SELECT DISTINCT evidence_key, point FROM quiet WHERE point.2 != '') AS q
        INNER JOIN alerted AS l ON l.point = q.point
    ),
    outcomes AS
    (
        SELECT
            alert_id, sent_at IS NOT NULL AS sent, decision, ending,
            multiIf(
                decision IN ('granted', 'partly'), 'confirmed',
                decision = 'refused' OR ending IN ('not_approved', 'withdrawn'), 'refuted',
                decision IN ('nothing_found', 'duplicate') OR state = 'closed', 'unclear',
                'open') AS outcome
        FROM alerts FINAL
        WHERE direction = 'out'
    ),
    by_evidence AS
    (
        SELECT
            n.evidence_key AS evidence_key, groupUniqArray(a.alert_id) AS alerts,
            groupUniqArrayIf(a.alert_id, a.sent) AS sent,
            groupUniqArrayIf(a.alert_id, a.decision IN ('granted', 'partly')) AS granted,
            groupUniqArrayIf(a.alert_id, a.decision IN ('refused', 'nothing_found')) AS refused,
            groupUniqArrayIf(a.alert_id, a.decision = 'duplicate') AS duplicates,
            groupUniqArrayIf(a.alert_id, a.ending = 'not_approved') AS not_approved,
            groupUniqArray(a.outcome) AS outcomes,
            multiIf(has(outcomes, 'confirmed'), 'confirmed', has(outcomes, 'refuted'), 'refuted', has(outcomes, 'open'), 'open', 'unclear') AS outcome
        FROM near AS n
        INNER JOIN outcomes AS a ON a.alert_id = n.alert_id
        GROUP BY n.evidence_key
    )
SELECT
    e.rule AS rule, e.last.1 AS status, max(e.rule_version) AS latest_version,
    countIf(e.standing) AS hits, countIf(NOT e.standing) AS overturned,
    countIf(e.standing AND e.last.2) AS late, countIf(e.standing AND e.last.3) AS excepted, countIf(e.standing AND e.last.4) AS cold,
    countIf(e.standing AND b.outcome = 'confirmed') AS confirmed,
    countIf(e.standing AND b.outcome = 'refuted') AS refuted,
    countIf(e.standing AND b.outcome = 'unclear') AS unclear,
    countIf(e.standing AND b.outcome = 'open') AS open,
    countIf(e.standing AND empty(b.alerts)) AS only_this,
    uniqExactArray(b.alerts) AS alerts, uniqExactArray(b.sent) AS sent, uniqExactArray(b.granted) AS granted,
    uniqExactArray(b.refused) AS refused, uniqExactArray(b.duplicates) AS duplicates, uniqExactArray(b.not_approved) AS not_approved,
    if(confirmed + refuted = 0, NULL, confirmed / (confirmed + refuted)) AS precision,
    if(granted + refused = 0, NULL, granted / (granted + refused)) AS useful
FROM
(
    SELECT
        evidence_key, any(told.rule) AS rule, max(told.rule_version) AS rule_version,
        argMax((status, late, excepted, cold), (revision, content_hash, told.rule_version, key != '', version)) AS last,
        evidence_key IN (SELECT evidence_key FROM v_hits) AS standing
    FROM told
    GROUP BY evidence_key
) AS e
LEFT JOIN by_evidence AS b ON b.evidence_key = e.evidence_key
GROUP BY e.rule, e.last.1
