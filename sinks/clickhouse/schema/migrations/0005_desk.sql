ALTER TABLE alerts
    ADD COLUMN IF NOT EXISTS root_alert String COMMENT 'Alert with which the money trail begins; itself when it begins here' AFTER case_id,
    ADD COLUMN IF NOT EXISTS instruction Bool DEFAULT notEmpty(parent_alerts) COMMENT 'An instruction to a bank of ours, for the alerts in parent_alerts' AFTER root_alert,
    ADD COLUMN IF NOT EXISTS decide_by Nullable(DateTime64(3, 'UTC')) COMMENT 'Inbound: until when the partner asked us to decide' AFTER updated_at,
    ADD COLUMN IF NOT EXISTS paused_ms Int64 COMMENT 'How long the clock of deciding has stood still, milliseconds' AFTER decide_by,
    ADD COLUMN IF NOT EXISTS bank_answered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Inbound: when the last answer of the bank came' AFTER paused_ms,
    ADD COLUMN IF NOT EXISTS erased_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When its personal data was destroyed' AFTER bank_answered_at;

ALTER TABLE alert_payments
    ADD COLUMN IF NOT EXISTS taken_out Bool COMMENT 'Officers do not ask for it' AFTER shed,
    ADD COLUMN IF NOT EXISTS withheld Bool COMMENT 'Only a partner told of it, who has not consented to its use' AFTER taken_out;

ALTER TABLE measures
    MODIFY COMMENT 'Every measure with where it stands: the only place where money is frozen',
    ADD COLUMN IF NOT EXISTS stand LowCardinality(String) DEFAULT if(state = 'extended', 'in_force', state) COMMENT 'in_force, expiring, presumed_lapsed, converted, lifted, lapsed or ended' AFTER state,
    ADD COLUMN IF NOT EXISTS ending LowCardinality(String) COMMENT 'Why it ended: returned, withdrawn, expired …' AFTER stand,
    ADD COLUMN IF NOT EXISTS standing Bool DEFAULT state IN ('in_force', 'extended') COMMENT 'It may still stop money' AFTER ending,
    ADD COLUMN IF NOT EXISTS recorded Bool COMMENT 'By the word of our officers, from a letter or a call' AFTER standing,
    ADD COLUMN IF NOT EXISTS working_days Array(DateTime('UTC')) COMMENT 'Beginnings of the working days after the day on which it came into force, up to and with that of its end, by the calendar of its country' AFTER expires_at,
    ADD COLUMN IF NOT EXISTS extend_by Nullable(DateTime64(3, 'UTC')) COMMENT 'Until when an extension has to be asked for' AFTER extendable,
    ADD COLUMN IF NOT EXISTS converted_from Array(String) COMMENT 'Measures that were converted into it' AFTER ends_if_silent,
    ADD COLUMN IF NOT EXISTS converted_into String COMMENT 'Measure that it was converted into' AFTER converted_from,
    ADD COLUMN IF NOT EXISTS asked Array(String) COMMENT 'extend, lift: what is asked about it and not answered' AFTER converted_into,
    ADD COLUMN IF NOT EXISTS born_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was first told of' AFTER asked,
    ADD COLUMN IF NOT EXISTS since_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it came to where it stands' AFTER born_at;

CREATE TABLE IF NOT EXISTS trail
(
    item_id String COMMENT 'Item of the trail, minted by the partner',
    alert_id String COMMENT 'Alert whose partner told of it',
    case_id String COMMENT 'Case',
    direction LowCardinality(String) COMMENT 'Direction of the alert',
    party LowCardinality(String) COMMENT 'Party that told of it',
    outcome_id String COMMENT 'Outcome that told it last',
    parent_items Array(String) COMMENT 'Items that the money came from',
    hop UInt8 COMMENT 'Hop in the money trail, 1 = from an account that a victim paid to',
    amount Nullable(Decimal(38, 18)) COMMENT 'Amount that left',
    currency LowCardinality(String) COMMENT 'Currency of amount',
    credited Nullable(Decimal(38, 18)) COMMENT 'Amount that arrived, where it differs',
    credited_currency LowCardinality(String) COMMENT 'Currency of credited',
    executed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was executed',
    account_scheme LowCardinality(String) COMMENT 'Scheme of the account that it went to',
    account String COMMENT 'Account that it went to',
    sub_account String COMMENT 'Sub-account that it went to',
    bic LowCardinality(String) COMMENT 'BIC of the servicer of that account',
    country LowCardinality(String) COMMENT 'Country of that account',
    handled_by LowCardinality(String) COMMENT 'Who follows it: responder, requester or nobody',
    onward_use LowCardinality(String) COMMENT 'granted, not_granted or to_be_asked',
    consent LowCardinality(String) COMMENT 'needed, asked, granted or refused; empty = nobody follows it here',
    to_party LowCardinality(String) COMMENT 'Party that a child alert asks about the account',
    child_alert String COMMENT 'Child alert',
    gone Bool COMMENT 'The latest outcome has it no more',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (direction, party, alert_id, item_id)
COMMENT 'Onward movements of money that partners found';

CREATE TABLE IF NOT EXISTS recalls
(
    alert_id String COMMENT 'Alert',
    case_id String COMMENT 'Case',
    direction LowCardinality(String) COMMENT 'Direction of the alert',
    party LowCardinality(String) COMMENT 'Party of the alert',
    item_id String COMMENT 'Item that is recalled',
    payment_key String COMMENT 'Payment',
    instruction Bool COMMENT 'The leg as the alert of the instruction to the bank has it; the other row is that of the alert it serves',
    state LowCardinality(String) COMMENT 'none, instructed, initiated, pending, forwarded, accepted, partly_accepted, rejected, returned; dropped = asked for no more',
    why LowCardinality(String) COMMENT 'Why no bank of ours was asked',
    bank LowCardinality(String) COMMENT 'Bank of ours that has the instruction',
    child_alert String COMMENT 'Alert of the instruction',
    camt056_id String COMMENT 'Id of the camt.056',
    reason LowCardinality(String) COMMENT 'Reason code of ISO 20022',
    codes Array(String) COMMENT 'Status and reason codes of the last word of the bank',
    asked_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When our bank was asked',
    initiated_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it sent the recall',
    answered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the answer came, by the clock of the bank',
    chased_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When we asked where it stands',
    accepted Nullable(Decimal(38, 18)) COMMENT 'Amount that was accepted, where it was given',
    accepted_currency LowCardinality(String) COMMENT 'Currency of accepted',
    returned Nullable(Decimal(38, 18)) COMMENT 'Amount that came back',
    returned_currency LowCardinality(String) COMMENT 'Currency of returned',
    costs Nullable(Decimal(38, 18)) COMMENT 'What was kept of it',
    costs_currency LowCardinality(String) COMMENT 'Currency of costs',
    differs LowCardinality(String) COMMENT 'short, excess or currency: what came back is not what was asked back',
    next_agent LowCardinality(String) COMMENT 'Bank that has the case now',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (direction, party, alert_id, item_id)
COMMENT 'Recalls of payments by our own banks, one row a payment and alert';

CREATE TABLE IF NOT EXISTS approvals
(
    partition Int32 COMMENT 'Partition of the case log',
    offset Int64 COMMENT 'Offset of the event',
    alert_id String COMMENT 'Alert',
    case_id String COMMENT 'Case',
    direction LowCardinality(String) COMMENT 'Direction of the alert',
    party LowCardinality(String) COMMENT 'Party on the other side',
    act LowCardinality(String) COMMENT 'request, confirm, emergency, withdraw, authorise, release, extend, lift, consent, erase …',
    about String COMMENT 'What it is about within the alert: a measure, a message, an item',
    officer LowCardinality(String) COMMENT 'Id of the officer',
    role LowCardinality(String) COMMENT 'Role in which he said it',
    verdict LowCardinality(String) COMMENT 'given, refused or voided',
    why String COMMENT 'Why it was voided',
    code LowCardinality(String) COMMENT 'Code, of a refusal and of some other acts',
    digest String COMMENT 'Digest of what he saw',
    at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was said',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (partition, offset, act, officer)
COMMENT 'Words of officers on acts that need approval, and which of them count no more';

CREATE TABLE IF NOT EXISTS disclosures
(
    message_id String COMMENT 'Message that told it',
    alert_id String COMMENT 'Alert',
    case_id String COMMENT 'Case',
    direction LowCardinality(String) COMMENT 'Direction of the alert',
    party LowCardinality(String) COMMENT 'Party that was told',
    party_kind LowCardinality(String) COMMENT 'Its kind: fiu, bank …',
    party_country LowCardinality(String) COMMENT 'Its country',
    type LowCardinality(String) COMMENT 'Type of the message',
    path LowCardinality(String) COMMENT 'Member that was told, e.g. payments.debtor.name; never its value',
    kind LowCardinality(String) COMMENT 'What it is: name, identity, account, institution, reference, amount, place, indicator, time, text or fact',
    told UInt32 COMMENT 'How many values of it',
    regime LowCardinality(String) COMMENT 'Under which it was told: of the request, else the profile of the agreement',
    basis LowCardinality(String) COMMENT 'Code of our power to tell it; empty = that of the request it follows',
    permitted_use LowCardinality(String) COMMENT 'What the party may use it for',
    approval_mode LowCardinality(String) COMMENT 'Approval of the message: none, one, two or emergency',
    approved_by Array(String) COMMENT 'Officers who approved it',
    channel LowCardinality(String) COMMENT 'Channel that it went over',
    how LowCardinality(String) COMMENT 'How we know: delivered, transmitted (by an officer), published (it lies where the party fetches it) or receipt',
    disclosed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When we knew',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (party, message_id, path)
COMMENT 'Which party was told which member by which message; never a value';

CREATE TABLE IF NOT EXISTS consents
(
    message_id String COMMENT 'Question: a consent_request',
    alert_id String COMMENT 'Alert',
    case_id String COMMENT 'Case',
    direction LowCardinality(String) COMMENT 'out: we ask the party; in: the party asks us',
    party LowCardinality(String) COMMENT 'Party on the other side',
    items Array(String) COMMENT 'Items of the trail that are asked for',
    to Array(String) COMMENT 'Countries or parties that shall learn of them',
    asked_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was asked',
    answer_id String COMMENT 'Answer: a consent_response',
    granted LowCardinality(String) COMMENT 'all, part or none; empty = not answered',
    answered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was answered',
    answered_by Array(String) COMMENT 'Officers of ours who answered',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (direction, party, alert_id, message_id)
COMMENT 'Questions whether what a partner found may be passed on';

CREATE TABLE IF NOT EXISTS tasks
(
    task_id String COMMENT 'Task, within its alert',
    alert_id String COMMENT 'Alert',
    case_id String COMMENT 'Case',
    direction LowCardinality(String) COMMENT 'Direction of the alert',
    party LowCardinality(String) COMMENT 'Party on the other side',
    kind LowCardinality(String) COMMENT 'amend, expiring, orphan_measure, contradiction …',
    about String COMMENT 'What it is about within the alert: a measure, a message, an item',
    least LowCardinality(String) COMMENT 'Least role that is called',
    opened_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was opened',
    done_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was done',
    done_by LowCardinality(String) COMMENT 'Who did it; desk = it went away by itself',
    version UInt64 COMMENT 'Rows of one identity: the largest wins'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (direction, party, alert_id, task_id)
COMMENT 'What alerts want people to do';
