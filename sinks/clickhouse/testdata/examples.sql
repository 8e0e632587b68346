-- Reports of the last day by kind and country of the reporter.
SELECT kind, reporter_country, count() AS reports
FROM v_reports
WHERE occurred_at > now64(3, 'UTC') - INTERVAL 1 DAY
GROUP BY kind, reporter_country
ORDER BY reports DESC;

-- One report with all its versions, the one that stands first: by the primary key, in milliseconds.
SELECT revision, hex(content_hash) AS content, kind, occurred_at, amount, currency, topic, partition, offset
FROM reports FINAL
WHERE reporter = 'HWBIINBB' AND report_id = 'TX-1'
ORDER BY revision DESC, content_hash DESC;

-- One report, as it stands now.
SELECT revision, kind, occurred_at, amount, currency, creditor_account_country, topic, partition, offset
FROM v_reports
WHERE reporter = 'HWBIINBB' AND report_id = 'TX-1';

-- Which countries did the money of standing hits go to this week?
SELECT arrayJoin(countries) AS country, severity, count() AS hits
FROM v_hits
WHERE status = 'live' AND appended_at > now64(3, 'UTC') - INTERVAL 7 DAY
GROUP BY country, severity
ORDER BY hits DESC;

-- Open alerts, the oldest first.
SELECT alert_id, party, state, severity, payments, currencies, amounts, opened_at
FROM v_alerts
WHERE direction = 'out' AND closed_at IS NULL
ORDER BY opened_at;

-- What could not be used today, and why.
SELECT topic, reason, field, count() AS letters, any(message) AS example
FROM v_dead_letters
WHERE inserted_at >= today()
GROUP BY topic, reason, field
ORDER BY letters DESC;

-- From execution to the first measure, per country, in minutes.
SELECT party_country, count() AS payments, countIf(in_force_at IS NOT NULL) AS frozen, round(quantile(0.5)(executed_to_in_force_s) / 60, 1) AS median_min
FROM v_time_to_freeze
GROUP BY party_country;

-- Which parties are slow, or hard to reach?
SELECT party, sent, received, received_within_60s, receipt_p50_s, receipt_p99_s, decide_p50_s, failed_attempts
FROM v_party_sla
ORDER BY receipt_p99_s DESC;

-- Which rules earn their alerts?
SELECT rule, hits, overturned, alerts, granted, refused, round(useful, 2) AS useful
FROM v_rule_quality
WHERE status = 'live'
ORDER BY useful;

-- Is a shadow rule better than the live ones, by what became of the same reports, payments and accounts?
SELECT rule, status, hits, confirmed, refuted, open, only_this, round(precision, 2) AS precision
FROM v_rule_quality
ORDER BY rule, status;

-- What did later evidence overturn this week, and by which report?
SELECT rule, title, rule_case, reporter, report_id, overturned_at, reason, cause_topic, cause_partition, cause_offset
FROM v_hits_overturned
WHERE overturned_at > now64(3, 'UTC') - INTERVAL 7 DAY
ORDER BY overturned_at;

-- Outcomes that do not add up.
SELECT party, alert_id, item_id, currency, credited, held, moved_on, returned, unaccounted, balance
FROM v_funds
WHERE balance != 0 OR unaccounted != 0;

-- Where is the money of each case?
SELECT case_id, hop, currency, credited, returned, held, moved_on, onward_followed, withdrawn_cash, unaccounted, unanswered, balance
FROM v_funds_balance
WHERE direction = 'out'
ORDER BY case_id, hop, currency;

-- Where did the money of one item go?
SELECT from_item, to_item, told_by, disposition, amount, currency, country, handled_by, consent, child_alert, at
FROM v_money_trail
WHERE from_item = 'A1-P01'
ORDER BY hop, at;

-- Which measures end within five working days?
SELECT party, alert_id, measure_id, kind, stand, amount, currency, expires_at, working_days_left, extendable, asked
FROM v_open_measures
WHERE NOT instruction AND working_days_left <= 5
ORDER BY expires_at;

-- Payments for which the golden window is still open, the shortest first.
SELECT payment_key, party, state, disputed, currency, executed_at, golden_left_s
FROM v_time_to_freeze
WHERE golden_left_s > 0
ORDER BY golden_left_s;

-- Did we ever tell a name of a victim, and whom?
SELECT uniqExact(party) AS recipients, groupUniqArray(party) AS parties
FROM v_disclosures
WHERE whose = 'victim' AND kind = 'name';

-- What does one party know, by which authority?
SELECT whose, path, kind, regime, basis, permitted_use, count() AS messages, min(disclosed_at) AS first, max(disclosed_at) AS last
FROM v_disclosures
WHERE party = 'GB-FIU'
GROUP BY whose, path, kind, regime, basis, permitted_use
ORDER BY whose, path;

-- Do we answer partners in time?
SELECT party, alerts, received_within_5s, accept_p50_s, critical_within_60min, answered, answered_in_time, release_p50_s, overdue
FROM v_inbound_sla
ORDER BY overdue DESC;

-- Questions about passing on that nobody has answered.
SELECT direction, party, alert_id, items, to, asked_at
FROM v_consents
WHERE granted = ''
ORDER BY asked_at;

-- What waits for people, the oldest first?
SELECT direction, party, alert_id, kind, about, least, urgency, open_s
FROM v_tasks
WHERE done_at IS NULL
ORDER BY opened_at;

-- How do recalls end, and how long do they take?
SELECT bank, state, arrayJoin(codes) AS code, count() AS recalls, round(avg(answer_s) / 86400, 1) AS days
FROM v_recalls
GROUP BY bank, state, code
ORDER BY recalls DESC;

-- How often did a change of content take a signature back?
SELECT act, count() AS given, countIf(voided_at IS NOT NULL) AS voided
FROM v_approvals
WHERE verdict = 'given'
GROUP BY act
ORDER BY given DESC;
