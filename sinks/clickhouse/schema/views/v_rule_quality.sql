-- Per rule: hits that stand (those of v_hits) and that no longer do, the alerts that they stand in, and what became
-- of those. useful is the share of decided alerts that the partner granted in whole or part; NULL while none is
-- decided.
-- Cost: that of v_hits, then groups all hits and joins alerts.
SELECT
    h.rule AS rule, max(h.version) AS latest_version, uniqExactIf(h.evidence, h.standing) AS hits,
    uniqExactIf(h.evidence, NOT h.standing) AS overturned,
    uniqExactIf(h.evidence, h.standing AND h.excepted) AS excepted,
    uniqExactIf(h.evidence, h.standing AND h.status = 'shadow') AS shadow,
    uniqExactIf(a.alert_id, a.alert_id != '') AS alerts,
    uniqExactIf(a.alert_id, a.sent_at IS NOT NULL) AS sent,
    uniqExactIf(a.alert_id, a.decision IN ('granted', 'partly')) AS granted,
    uniqExactIf(a.alert_id, a.decision IN ('refused', 'nothing_found')) AS refused,
    uniqExactIf(a.alert_id, a.decision = 'duplicate') AS duplicates,
    uniqExactIf(a.alert_id, a.state LIKE '%not_approved%') AS not_approved,
    if(granted + refused = 0, NULL, granted / (granted + refused)) AS useful
FROM
(
    SELECT
        rule, max(rule_version) AS version, evidence_key AS evidence, argMax(status, rule_version) AS status,
        max(evidence_key IN (SELECT evidence_key FROM v_hits)) AS standing, max(excepted) AS excepted, arrayJoin(groupUniqArray(alert_id)) AS alert
    FROM hits FINAL
    GROUP BY rule, evidence_key
) AS h
LEFT JOIN (SELECT * FROM alerts FINAL WHERE direction = 'out') AS a ON a.alert_id = h.alert
GROUP BY h.rule
