-- Each hit that was overturned and stands no more, with when and why: reason is later_evidence (cause_topic,
-- cause_partition and cause_offset are the latest report of it) or revision. One row a hit and subject.
-- Cost: that of v_hits, then joins hit_overturns, which is small.
SELECT
    h.evidence_key AS evidence_key, h.hit_id AS hit_id, h.rule AS rule, h.rule_version AS rule_version, h.title AS title,
    h.status AS status, h.rule_case AS rule_case, h.score AS score, h.severity AS severity, h.typology AS typology,
    h.reporter AS reporter, h.report_id AS report_id, h.revision AS revision, h.content_hash AS content_hash, h.kind AS kind,
    h.occurred_at AS occurred_at, h.topic AS topic, h.partition AS partition, h.offset AS offset,
    h.late AS late, h.changed AS changed, h.alert_id AS alert_id, h.subject_country AS country,
    h.payment_keys AS payment_keys, h.amount AS amount, h.currency AS currency,
    h.appended_at AS hit_at, o.appended_at AS overturned_at, o.reason AS reason,
    o.cause_topic AS cause_topic, o.cause_partition AS cause_partition, o.cause_offset AS cause_offset
FROM hits AS h FINAL
INNER JOIN (SELECT * FROM hit_overturns FINAL) AS o
    ON o.evidence_key = h.evidence_key AND o.key = h.key AND o.revision = h.revision AND o.content_hash = h.content_hash
WHERE o.version > h.version AND h.evidence_key NOT IN (SELECT evidence_key FROM v_hits)
