CREATE TABLE IF NOT EXISTS dead_letters
(
    topic LowCardinality(String) COMMENT 'Kafka topic of the input',
    partition Int32 COMMENT 'Kafka partition of the input',
    offset Int64 COMMENT 'Kafka offset of the input',
    kafka_time Nullable(DateTime64(3, 'UTC')) COMMENT 'Kafka time of the record',
    codec LowCardinality(String) COMMENT 'Codec that could not use it',
    reason LowCardinality(String) COMMENT 'Reason code, e.g. syntax, missing_field, row_refused',
    field LowCardinality(String) COMMENT 'Field to blame; empty = none',
    message String COMMENT 'What is wrong and what to do',
    raw String COMMENT 'Original bytes' CODEC(ZSTD(1)),
    inserted_at DateTime('UTC') DEFAULT now('UTC') COMMENT 'When the row was written here; retention counts from it'
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, reason)
COMMENT 'Inputs that could not be used, with all that is needed to replay them; analysts read v_dead_letters';

CREATE TABLE IF NOT EXISTS rule_sets
(
    digest String COMMENT 'Digest of the rule set',
    kind LowCardinality(String) COMMENT 'rules, lists or rates',
    activated_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it became active',
    rules UInt32 COMMENT 'Number of rules',
    source String COMMENT 'Folder or file that it came from',
    content String COMMENT 'Full text' CODEC(ZSTD(3)),
    inserted_at DateTime('UTC') DEFAULT now('UTC') COMMENT 'When the row was written here'
)
ENGINE = ReplacingMergeTree
ORDER BY (kind, digest)
COMMENT 'Every rule set, list and rates file that was ever active';
