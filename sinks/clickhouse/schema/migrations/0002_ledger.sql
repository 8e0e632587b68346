CREATE TABLE IF NOT EXISTS hits
(
    hit_id String COMMENT 'Id of the hit: rule version on report version',
    evidence_key String COMMENT 'Rule and report identity: what a case remembers for ever',
    key String COMMENT 'Key on the case log: direction/party/H(subject); empty for a hit without subject',
    case_id String COMMENT 'Case of the hit; empty for a hit that cannot alert',
    alert_id String COMMENT 'Alert whose episode took the hit in; empty when none did',
    rule LowCardinality(String) COMMENT 'Id of the rule',
    rule_version UInt32 COMMENT 'Version of the rule',
    title String COMMENT 'Title of the rule',
    status LowCardinality(String) COMMENT 'Status of the rule at the time: live or shadow',
    rule_case LowCardinality(String) COMMENT 'First true case of the rule; empty where it has none',
    score Nullable(Decimal(38, 18)) COMMENT 'Score that the rule gave',
    severity LowCardinality(String) COMMENT 'low, medium, high or critical',
    typology Array(LowCardinality(String)) COMMENT 'Typologies of the rule',
    offence LowCardinality(String) COMMENT 'Predicate offence',
    approval LowCardinality(String) COMMENT 'Approval that the rule demands: auto, one_person, two_person',
    asks Array(LowCardinality(String)) COMMENT 'What is asked of the party',
    reporter LowCardinality(String) COMMENT 'Reporter of the judged report',
    report_id String COMMENT 'Id of the judged report',
    revision UInt32 COMMENT 'Revision of the judged report',
    content_hash FixedString(16) COMMENT 'Content hash of the judged report',
    kind LowCardinality(String) COMMENT 'Kind of the judged report',
    occurred_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Event time of the judged report',
    kafka_time Nullable(DateTime64(3, 'UTC')) COMMENT 'Kafka time of the judged report',
    appended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Kafka time of the hit on its log',
    topic LowCardinality(String) COMMENT 'Kafka topic of the judged report',
    partition Int32 COMMENT 'Kafka partition of the judged report',
    offset Int64 COMMENT 'Kafka offset of the judged report',
    trace String COMMENT 'W3C traceparent of the report',
    standing Bool COMMENT 'false once the hit was overturned',
    late Bool COMMENT 'Judged with evidence that came late',
    cold Bool COMMENT 'Judged while windows were not warm',
    cut Bool COMMENT 'Judged on a window that had been cut',
    excepted Bool COMMENT 'An exception of the rule applied',
    unknown Array(String) COMMENT 'Weights whose condition was unknown',
    values String COMMENT 'Window values as a JSON object, decimals as strings',
    digest_rules String COMMENT 'Digest of the rule set that judged',
    digest_lists String COMMENT 'Digest of the lists that judged',
    digest_rates String COMMENT 'Digest of the rates that judged',
    facts String COMMENT 'Facts as the template of the rule tells them',
    subject_uid String COMMENT 'Account that the hit is about, with its servicer',
    subject_scheme LowCardinality(String) COMMENT 'Scheme of the account',
    subject_account String COMMENT 'Account',
    subject_sub_account String COMMENT 'Sub-account inside a pooled account',
    subject_name String COMMENT 'Name of the holder',
    subject_bic LowCardinality(String) COMMENT 'BIC of the servicer',
    subject_country LowCardinality(String) COMMENT 'Country of the account; empty = unroutable',
    payment_keys Array(String) COMMENT 'Payments that the hit tells of',
    amount Nullable(Decimal(38, 18)) COMMENT 'Sum over the payments when they share a currency',
    currency LowCardinality(String) COMMENT 'Currency of amount; empty = no amount',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (hit_id, key)
COMMENT 'One row a hit and subject; analysts read v_hits';

CREATE TABLE IF NOT EXISTS alerts
(
    alert_id String COMMENT 'Id of the alert',
    direction LowCardinality(String) COMMENT 'out: we ask; in: we are asked',
    party LowCardinality(String) COMMENT 'Party on the other side',
    party_kind LowCardinality(String) COMMENT 'fiu, ncb, lea, bank, telecom, vasp or hub',
    party_country LowCardinality(String) COMMENT 'Country of the party',
    key String COMMENT 'Key on the case log: direction/party/H(subject)',
    episode UInt32 COMMENT 'Episode about the same subject, from 1',
    case_id String COMMENT 'Case that the alert belongs to',
    parent_alerts Array(String) COMMENT 'Alerts that this one serves or continues',
    state LowCardinality(String) COMMENT 'State of the request, e.g. proposed, sent, received, decided, closed',
    blocked LowCardinality(String) COMMENT 'Field that blocks sending; empty = none',
    severity LowCardinality(String) COMMENT 'Highest severity among the hits',
    urgency LowCardinality(String) COMMENT 'critical, high or normal',
    environment LowCardinality(String) COMMENT 'live or test',
    asks Array(LowCardinality(String)) COMMENT 'What is asked',
    rules Array(LowCardinality(String)) COMMENT 'Rules whose hits stand',
    hits UInt32 COMMENT 'Evidence keys that stand',
    payments UInt32 COMMENT 'Distinct payments',
    currencies Array(LowCardinality(String)) COMMENT 'Currencies of amounts, in the same order',
    amounts Array(Decimal(38, 18)) COMMENT 'Disputed totals, one a currency',
    provisional Bool COMMENT 'Sent at once and to be confirmed by people',
    confirmed Bool COMMENT 'A provisional request that people confirmed',
    automatic Bool COMMENT 'Sent by itself',
    decision LowCardinality(String) COMMENT 'Decision of the latest outcome',
    duplicate_of String COMMENT 'Other reference that the partner follows instead',
    partner_ref String COMMENT 'Reference of the partner',
    open_tasks Array(String) COMMENT 'Open tasks of officers',
    subject_scheme LowCardinality(String) COMMENT 'Scheme of the account',
    subject_account String COMMENT 'Account that the alert is about',
    subject_sub_account String COMMENT 'Sub-account inside a pooled account',
    subject_name String COMMENT 'Name of the holder',
    subject_bic LowCardinality(String) COMMENT 'BIC of the servicer',
    subject_country LowCardinality(String) COMMENT 'Country of the account',
    record_time Nullable(DateTime64(3, 'UTC')) COMMENT 'Kafka time of the first report',
    opened_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the alert opened',
    approved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was approved',
    queued_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the first message was frozen',
    sent_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the first message was delivered',
    received_at Nullable(DateTime64(3, 'UTC')) COMMENT 'out: verified receipt; in: our receipt',
    accepted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the desk on the other side accepted it',
    decided_at Nullable(DateTime64(3, 'UTC')) COMMENT 'out: first outcome',
    answered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'in: when our outcome was released',
    confirm_by Nullable(DateTime64(3, 'UTC')) COMMENT 'Until when people must confirm a provisional request',
    confirmed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When people confirmed it',
    closed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the alert closed',
    updated_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the last event',
    partition Int32 COMMENT 'Partition of the case log',
    version UInt64 COMMENT 'Offset in the case log + 1: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (direction, party, alert_id)
COMMENT 'Latest state of each alert once merged; analysts read v_alerts';

CREATE TABLE IF NOT EXISTS case_events
(
    partition Int32 COMMENT 'Partition of the case log',
    offset Int64 COMMENT 'Offset in the case log',
    appended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Kafka time of the event',
    event_id String COMMENT 'Id of the event',
    type LowCardinality(String) COMMENT 'Type without the prefix haltwire.case.',
    key String COMMENT 'Key on the case log: direction/party/H(subject)',
    direction LowCardinality(String) COMMENT 'out or in',
    party LowCardinality(String) COMMENT 'Party on the other side',
    alert_id String COMMENT 'Alert; empty where the event opened nothing',
    case_id String COMMENT 'Case',
    time Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the event by its writer',
    source String COMMENT 'Writer of the event',
    officer String COMMENT 'Who decided; empty for machines',
    applied Bool COMMENT 'false: a repeat, or an event that the state did not allow',
    refused String COMMENT 'Why it was not applied',
    state_before LowCardinality(String) COMMENT 'State of the alert before',
    state_after LowCardinality(String) COMMENT 'State of the alert after',
    data String COMMENT 'Data of the event without its personal part, JSON',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (partition, offset)
COMMENT 'Every event of the case log, in order';

CREATE TABLE IF NOT EXISTS deliveries
(
    message_id String COMMENT 'Message',
    alert_id String COMMENT 'Alert of the message',
    party LowCardinality(String) COMMENT 'Party it goes to',
    type LowCardinality(String) COMMENT 'Type of the message',
    channel LowCardinality(String) COMMENT 'Channel: webhook, kafka, manual',
    attempt UInt32 COMMENT 'Number of the attempt, from 1',
    started_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the attempt was read back from the log',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it ended; NULL = not known yet',
    verdict LowCardinality(String) COMMENT 'delivered, retry, rejected, permanent, gave_up; empty = not known yet',
    reason String COMMENT 'Why',
    status UInt16 COMMENT 'HTTP status, 0 = none',
    elapsed_ms UInt32 COMMENT 'Duration in milliseconds',
    partner_fault Bool COMMENT 'The other side is at fault',
    receipt_level LowCardinality(String) COMMENT 'Level of the receipt that came back',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (message_id, channel, attempt)
COMMENT 'One row a message, channel and attempt';

CREATE TABLE IF NOT EXISTS messages
(
    message_id String COMMENT 'Id of the message',
    alert_id String COMMENT 'Alert',
    case_id String COMMENT 'Case',
    direction LowCardinality(String) COMMENT 'out: we wrote it; in: the partner did',
    party LowCardinality(String) COMMENT 'Party on the other side',
    type LowCardinality(String) COMMENT 'request, amendment, receipt, outcome …',
    sequence UInt32 COMMENT 'Sequence per sender and alert, 0 for receipts',
    in_reply_to String COMMENT 'Message that it answers',
    environment LowCardinality(String) COMMENT 'live or test',
    channel LowCardinality(String) COMMENT 'Channel of an inbound message',
    lane LowCardinality(String) COMMENT 'critical, high or normal',
    provisional Bool COMMENT 'To be confirmed by people',
    approval_mode LowCardinality(String) COMMENT 'none, one, two or emergency',
    content_digest String COMMENT 'Digest that the approvals sign',
    approved_by Array(String) COMMENT 'Officers who approved',
    digest String COMMENT 'SHA-256 of the body, hex',
    body String COMMENT 'Frozen bytes: JSON, or the JWS of a receipt' CODEC(ZSTD(1)),
    queued_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was frozen',
    received_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it arrived, or its receipt did',
    receipt_level LowCardinality(String) COMMENT 'Highest receipt: received, accepted or rejected',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (party, message_id)
COMMENT 'Every message of ours and of partners';

CREATE TABLE IF NOT EXISTS measures
(
    measure_id String COMMENT 'Id of the measure, minted by the responder',
    alert_id String COMMENT 'Alert',
    case_id String COMMENT 'Case',
    direction LowCardinality(String) COMMENT 'Direction of the alert',
    party LowCardinality(String) COMMENT 'Party on the other side',
    ask_id String COMMENT 'Ask that it answers',
    kind LowCardinality(String) COMMENT 'bank_hold, lien, freezing_order …',
    state LowCardinality(String) COMMENT 'in_force, extended, converted, lifted, lapsed or ended',
    amount Nullable(Decimal(38, 18)) COMMENT 'Amount held',
    currency LowCardinality(String) COMMENT 'Currency of amount; empty = no amount',
    authority String COMMENT 'Authority that took it',
    authority_kind LowCardinality(String) COMMENT 'bank, fiu, police, prosecutor or court',
    legal_basis String COMMENT 'Legal basis',
    in_force_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Since when it holds',
    expires_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Until when it holds',
    extendable Bool COMMENT 'Can be extended',
    convert_need LowCardinality(String) COMMENT 'What converting needs',
    convert_by Nullable(DateTime64(3, 'UTC')) COMMENT 'Until when to convert',
    ends_if_silent Bool COMMENT 'Ends when nobody asks for more',
    account_scheme LowCardinality(String) COMMENT 'Scheme of the account',
    account String COMMENT 'Account that it holds',
    as_of Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the outcome that told it',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (party, alert_id, measure_id)
COMMENT 'Measures as the latest outcome tells them: the only place where money is frozen';

CREATE TABLE IF NOT EXISTS funds
(
    alert_id String COMMENT 'Alert',
    case_id String COMMENT 'Case',
    direction LowCardinality(String) COMMENT 'Direction of the alert',
    party LowCardinality(String) COMMENT 'Party on the other side',
    outcome_id String COMMENT 'Outcome that told it',
    item_id String COMMENT 'Item of the alert',
    line UInt32 COMMENT 'Position among the lines of the item, from 0',
    payment_key String COMMENT 'Payment',
    disposition LowCardinality(String) COMMENT 'held, moved_on, withdrawn_cash, spent, returned …',
    amount Nullable(Decimal(38, 18)) COMMENT 'Part of the payment',
    currency LowCardinality(String) COMMENT 'Currency of amount',
    at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened',
    via String COMMENT 'How',
    to_ref String COMMENT 'Reference of where it went',
    as_of Nullable(DateTime64(3, 'UTC')) COMMENT 'Time of the outcome that told it',
    current Bool COMMENT 'false: a line of an older outcome that the latest one lacks',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (party, alert_id, item_id, line)
COMMENT 'What became of each part of a payment, as the latest outcome tells it';

CREATE TABLE IF NOT EXISTS alert_payments
(
    payment_key String COMMENT 'Payment',
    alert_id String COMMENT 'Alert',
    case_id String COMMENT 'Case',
    direction LowCardinality(String) COMMENT 'Direction of the alert',
    party LowCardinality(String) COMMENT 'Party on the other side',
    item_id String COMMENT 'Item of the alert',
    hop UInt8 COMMENT 'Hop in the money trail, 0 = the own payment of the victim',
    parent_items Array(String) COMMENT 'Items that the money came from',
    uetr String COMMENT 'UETR',
    end_to_end_id String COMMENT 'End-to-end id',
    transaction_id String COMMENT 'Transaction id',
    rrn String COMMENT 'Retrieval reference number',
    utr String COMMENT 'Unique transaction reference',
    tx_hash String COMMENT 'Transaction hash on a chain',
    instructed Nullable(Decimal(38, 18)) COMMENT 'Amount as instructed',
    instructed_currency LowCardinality(String) COMMENT 'Currency of instructed',
    settled Nullable(Decimal(38, 18)) COMMENT 'Interbank amount',
    settled_currency LowCardinality(String) COMMENT 'Currency of settled',
    credited Nullable(Decimal(38, 18)) COMMENT 'Amount at the beneficiary',
    credited_currency LowCardinality(String) COMMENT 'Currency of credited',
    disputed Nullable(Decimal(38, 18)) COMMENT 'Amount in dispute',
    disputed_currency LowCardinality(String) COMMENT 'Currency of disputed',
    executed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was executed',
    rail LowCardinality(String) COMMENT 'Payment rail',
    authorisation LowCardinality(String) COMMENT 'unauthorised, authorised_deceived or unknown',
    debtor_bic LowCardinality(String) COMMENT 'BIC of the servicer of the debtor',
    debtor_country LowCardinality(String) COMMENT 'Country of the debtor account',
    complaint_ref String COMMENT 'Complaint of the victim',
    reports UInt32 COMMENT 'Hits that told of it',
    added_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it became an item',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (direction, party, alert_id, item_id)
COMMENT 'Items: which payment stands in which alert';

CREATE TABLE IF NOT EXISTS payments
(
    payment_key String COMMENT 'Payment: the same for all reports of it',
    uetr String COMMENT 'UETR',
    end_to_end_id String COMMENT 'End-to-end id',
    transaction_id String COMMENT 'Transaction id',
    rrn String COMMENT 'Retrieval reference number',
    utr String COMMENT 'Unique transaction reference',
    tx_hash String COMMENT 'Transaction hash on a chain',
    instructed Nullable(Decimal(38, 18)) COMMENT 'Amount as instructed',
    instructed_currency LowCardinality(String) COMMENT 'Currency of instructed',
    settled Nullable(Decimal(38, 18)) COMMENT 'Interbank amount',
    settled_currency LowCardinality(String) COMMENT 'Currency of settled',
    credited Nullable(Decimal(38, 18)) COMMENT 'Amount at the beneficiary',
    credited_currency LowCardinality(String) COMMENT 'Currency of credited',
    disputed Nullable(Decimal(38, 18)) COMMENT 'Amount in dispute',
    disputed_currency LowCardinality(String) COMMENT 'Currency of disputed',
    executed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was executed',
    rail LowCardinality(String) COMMENT 'Payment rail',
    authorisation LowCardinality(String) COMMENT 'unauthorised, authorised_deceived or unknown',
    debtor_bic LowCardinality(String) COMMENT 'BIC of the servicer of the debtor',
    debtor_country LowCardinality(String) COMMENT 'Country of the debtor account',
    complaint_ref String COMMENT 'Complaint of the victim',
    added_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it first became an item',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY payment_key
COMMENT 'One row a payment that stands in any alert';
