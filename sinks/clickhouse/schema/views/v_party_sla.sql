-- Per party that we ask: how many alerts it received, accepted and decided, how fast (seconds, median and 99th
-- percentile), how many receipts came within the 60 s that a machine is given, and how delivery went.
-- Cost: groups alerts and deliveries; both are small.
SELECT
    a.party AS party, a.party_country AS party_country, a.party_kind AS party_kind,
    a.alerts AS alerts, a.sent AS sent, a.received AS received, a.accepted AS accepted, a.decided AS decided,
    a.received_within_60s AS received_within_60s,
    a.receipt_s[1] AS receipt_p50_s, a.receipt_s[2] AS receipt_p99_s,
    a.accept_s[1] AS accept_p50_s, a.decide_s[1] AS decide_p50_s, a.decide_s[2] AS decide_p99_s,
    d.attempts AS attempts, d.failed AS failed_attempts, d.partner_faults AS partner_faults
FROM
(
    SELECT
        party, any(party_country) AS party_country, any(party_kind) AS party_kind, count() AS alerts,
        countIf(sent_at IS NOT NULL) AS sent, countIf(received_at IS NOT NULL) AS received,
        countIf(accepted_at IS NOT NULL) AS accepted, countIf(decided_at IS NOT NULL) AS decided,
        countIf(dateDiff('millisecond', sent_at, received_at) <= 60000) AS received_within_60s,
        quantiles(0.5, 0.99)(dateDiff('millisecond', sent_at, received_at) / 1000) AS receipt_s,
        quantiles(0.5, 0.99)(dateDiff('millisecond', sent_at, accepted_at) / 1000) AS accept_s,
        quantiles(0.5, 0.99)(dateDiff('millisecond', sent_at, decided_at) / 1000) AS decide_s
    FROM alerts FINAL
    WHERE direction = 'out'
    GROUP BY party
) AS a
LEFT JOIN
(
    SELECT
        party, count() AS attempts, countIf(verdict NOT IN ('', 'delivered')) AS failed,
        countIf(partner_fault) AS partner_faults
    FROM deliveries FINAL
    GROUP BY party
) AS d ON d.party = a.party
