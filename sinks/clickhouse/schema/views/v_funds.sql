-- What became of each item, per currency: what was credited and what the latest outcome says became of it. balance
-- is credited minus the sum of the parts (what was not credited is no part): 0 when the outcome adds up, NULL when
-- nobody said what was credited. An instruction to a bank of ours has items of its own: see v_alerts.instruction.
-- Cost: joins items and funds; both are small.
SELECT
    f.direction AS direction, f.party AS party, f.alert_id AS alert_id, f.case_id AS case_id, f.item_id AS item_id,
    f.payment_key AS payment_key, f.currency AS currency, if(p.credited_currency = f.currency, p.credited, NULL) AS credited,
    f.held AS held, f.moved_on AS moved_on, f.withdrawn_cash AS withdrawn_cash, f.spent AS spent,
    f.converted AS converted, f.returned AS returned, f.returning AS returning, f.fee AS fee,
    f.not_credited AS not_credited, f.other AS other, f.unaccounted AS unaccounted,
    credited - f.total AS balance, f.as_of AS as_of
FROM
(
    SELECT
        direction, party, alert_id, any(case_id) AS case_id, item_id, any(payment_key) AS payment_key, currency,
        sumIf(part, disposition != 'not_credited') AS total, max(as_of) AS as_of,
        sumIf(part, disposition = 'held') AS held, sumIf(part, disposition = 'moved_on') AS moved_on,
        sumIf(part, disposition = 'withdrawn_cash') AS withdrawn_cash, sumIf(part, disposition = 'spent') AS spent,
        sumIf(part, disposition = 'converted') AS converted, sumIf(part, disposition = 'returned') AS returned,
        sumIf(part, disposition = 'returning') AS returning, sumIf(part, disposition = 'fee') AS fee,
        sumIf(part, disposition = 'not_credited') AS not_credited, sumIf(part, disposition = 'other') AS other,
        sumIf(part, disposition = 'unaccounted') AS unaccounted
    FROM (SELECT *, ifNull(amount, toDecimal128(0, 18)) AS part FROM funds FINAL WHERE current)
    GROUP BY direction, party, alert_id, item_id, currency
) AS f
LEFT JOIN (SELECT * FROM alert_payments FINAL) AS p
    ON p.direction = f.direction AND p.party = f.party AND p.alert_id = f.alert_id AND p.item_id = f.item_id
