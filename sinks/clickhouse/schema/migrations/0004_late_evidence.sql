ALTER TABLE hits
    ADD COLUMN IF NOT EXISTS changed LowCardinality(String) COMMENT 'raised or lowered: later evidence changed the case; empty = as first judged' AFTER late,
    ADD COLUMN IF NOT EXISTS cause_topic LowCardinality(String) COMMENT 'Kafka topic of the latest report among the later evidence; empty = judged when its report came' AFTER changed,
    ADD COLUMN IF NOT EXISTS cause_partition Int32 COMMENT 'Kafka partition of that report' AFTER cause_topic,
    ADD COLUMN IF NOT EXISTS cause_offset Int64 COMMENT 'Kafka offset of that report' AFTER cause_partition,
    MODIFY COLUMN standing Bool DEFAULT true COMMENT 'false only in rows of before hit_overturns, which says what stands no more';

ALTER TABLE alerts
    ADD COLUMN IF NOT EXISTS ending LowCardinality(String) COMMENT 'Why it is closed, e.g. not_approved, overturned, withdrawn, rerouted; empty = it is not' AFTER state;

ALTER TABLE alert_payments
    ADD COLUMN IF NOT EXISTS shed Bool COMMENT 'The proposal asked for it, and no hit that told of it stands any more' AFTER reports;

CREATE TABLE IF NOT EXISTS hit_overturns
(
    evidence_key String COMMENT 'Rule and report identity: what a case remembers for ever',
    key String COMMENT 'Key on the case log: direction/party/H(subject); empty for a hit that cannot alert',
    revision UInt32 COMMENT 'Revision of the judged report',
    content_hash FixedString(16) COMMENT 'Content hash of the judged report',
    hit_id String COMMENT 'Hit that held before',
    rule LowCardinality(String) COMMENT 'Id of the rule',
    reason LowCardinality(String) COMMENT 'later_evidence: reports that came later are in the windows; revision: the report has a version that the rule does not hit',
    appended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Kafka time of the event',
    cause_topic LowCardinality(String) COMMENT 'Kafka topic of the latest report among the later evidence',
    cause_partition Int32 COMMENT 'Kafka partition of that report',
    cause_offset Int64 COMMENT 'Kafka offset of that report',
    version UInt64 COMMENT 'Hits of the identity with a smaller version stand no more; of two rows the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (evidence_key, key, revision, content_hash)
COMMENT 'Which evidence stands no more, and why; the hit itself keeps its row in hits. Analysts read v_hits_overturned';
