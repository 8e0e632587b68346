-- Each standing hit once, by evidence key (rule and report): the one on the latest version of the report, with
-- all its subjects. A rule that hit an earlier version and not the latest one has no row, nor has an overturned
-- hit (v_hits_overturned); shadow, excepted and cold hits are in, see status, excepted and cold. late: later evidence
-- made it; changed: later evidence raised or lowered its case. The latest version is the highest revision, then the
-- larger content hash, of what reports and hits know: a hit may be here before its report.
-- Cost: reads and groups all hits, a few per thousand reports, and passes once over the identities in reports
-- (two key columns, about 0.1 s per million reports on two cores), whatever the filter.
SELECT
    h.evidence_key AS evidence_key, h.hit_id AS hit_id,
    any(h.rule) AS rule, any(h.rule_version) AS rule_version, any(h.title) AS title, any(h.status) AS status,
    any(h.rule_case) AS rule_case, any(h.score) AS score, any(h.severity) AS severity, any(h.typology) AS typology,
    any(h.offence) AS offence, any(h.approval) AS approval, any(h.asks) AS asks,
    any(h.reporter) AS reporter, any(h.report_id) AS report_id, any(h.revision) AS revision,
    any(h.content_hash) AS content_hash, any(h.kind) AS kind,
    any(h.occurred_at) AS occurred_at, any(h.kafka_time) AS kafka_time, min(h.appended_at) AS appended_at,
    any(h.topic) AS topic, any(h.partition) AS partition, any(h.offset) AS offset, any(h.trace) AS trace,
    max(h.late) AS late, argMax(h.changed, h.version) AS changed, any(h.cold) AS cold, any(h.cut) AS cut, any(h.excepted) AS excepted,
    any(h.unknown) AS unknown, any(h.values) AS values, any(h.facts) AS facts,
    any(h.digest_rules) AS digest_rules, any(h.digest_lists) AS digest_lists, any(h.digest_rates) AS digest_rates,
    arraySort(groupUniqArrayIf(h.case_id, h.case_id != '')) AS case_ids,
    arraySort(groupUniqArrayIf(h.alert_id, h.alert_id != '')) AS alert_ids,
    arraySort(groupUniqArrayArray(h.payment_keys)) AS payment_keys,
    arraySort(groupUniqArrayIf(h.subject_country, h.subject_country != '')) AS countries,
    arraySort(s -> s.1, groupArrayIf((h.subject_uid, h.subject_name, h.subject_country, h.amount, h.currency), h.subject_uid != '')) AS subjects
FROM hits AS h FINAL
LEFT JOIN
(
    SELECT evidence_key, key, revision, content_hash, max(version) AS version
    FROM hit_overturns
    GROUP BY evidence_key, key, revision, content_hash
) AS o ON o.evidence_key = h.evidence_key AND o.key = h.key AND o.revision = h.revision AND o.content_hash = h.content_hash
WHERE h.standing AND h.version > ifNull(o.version, 0) AND (h.reporter, h.report_id, h.revision, h.content_hash) IN
(
    SELECT reporter, report_id, latest.1, latest.2
    FROM
    (
        SELECT reporter, report_id, max((revision, content_hash)) AS latest
        FROM
        (
            SELECT reporter, report_id, revision, content_hash FROM hits
            UNION ALL
            SELECT reporter, report_id, revision, content_hash
            FROM reports
            WHERE (reporter, report_id) IN (SELECT reporter, report_id FROM hits)
        )
        GROUP BY reporter, report_id
    )
)
GROUP BY h.evidence_key, h.hit_id, h.key != '' AS alerting
ORDER BY revision DESC, content_hash DESC, rule_version DESC, alerting DESC, hit_id DESC
LIMIT 1 BY evidence_key
