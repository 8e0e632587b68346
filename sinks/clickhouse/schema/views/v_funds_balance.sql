-- The money proof, per case, hop and currency: what was credited and what the latest outcomes say became of it. Hop 0
-- is what victims paid; what moved on from there is credited again at hop 1, in the currency of that account.
-- onward_followed is the part of moved_on about which a child alert asks, unanswered what no outcome accounts for yet,
-- balance credited minus all parts and unanswered: 0 when everything adds up. Where no report says what was credited,
-- the outcome's sum stands for it. recalled is what came back by recalls of our banks, which an outcome may not tell
-- yet. Instructions to our banks, which repeat items, and proposals that came to nothing are left out.
-- Cost: joins items, funds, recalls and alerts; all are small.
SELECT
    i.case_id AS case_id, i.direction AS direction, i.hop AS hop, i.currency AS currency, count() AS items,
    sum(if(i.told, coalesce(i.credited, i.total), coalesce(i.credited, i.disputed))) AS credited,
    sum(i.returned) AS returned, sum(i.returning) AS returning, sum(i.held) AS held, sum(i.moved_on) AS moved_on,
    ifNull(any(o.followed), 0) AS onward_followed, sum(i.withdrawn_cash) AS withdrawn_cash, sum(i.spent) AS spent,
    sum(i.converted) AS converted, sum(i.fee) AS fee, sum(i.other) AS other, sum(i.not_credited) AS not_credited,
    sum(i.unaccounted) AS unaccounted, sum(if(i.told, 0, coalesce(i.credited, i.disputed))) AS unanswered,
    sum(i.recalled) AS recalled,
    credited - sum(i.total) - unanswered AS balance, max(i.as_of) AS as_of
FROM
(
    SELECT
        p.case_id AS case_id, p.direction AS direction, p.hop AS hop,
        if(f.currency != '', f.currency, if(p.credited_currency != '', p.credited_currency, p.disputed_currency)) AS currency,
        f.currency != '' AS told,
        if(p.credited_currency = currency, p.credited, NULL) AS credited,
        if(p.disputed_currency = currency, ifNull(p.disputed, 0), 0) AS disputed,
        f.held AS held, f.moved_on AS moved_on, f.withdrawn_cash AS withdrawn_cash, f.spent AS spent,
        f.converted AS converted, f.returned AS returned, f.returning AS returning, f.fee AS fee,
        f.not_credited AS not_credited, f.other AS other, f.unaccounted AS unaccounted, f.as_of AS as_of,
        f.held + f.moved_on + f.withdrawn_cash + f.spent + f.converted + f.returned + f.returning + f.fee + f.other
            + f.unaccounted AS total,
        if(r.returned_currency = currency, ifNull(r.returned, 0), 0) AS recalled
    FROM (SELECT * FROM alert_payments FINAL WHERE NOT shed AND NOT taken_out AND NOT withheld) AS p
    INNER JOIN
    (
        SELECT direction, party, alert_id FROM alerts FINAL
        WHERE NOT instruction AND ending NOT IN ('rerouted', 'overturned', 'not_approved', 'no_consent')
    ) AS a ON a.direction = p.direction AND a.party = p.party AND a.alert_id = p.alert_id
    LEFT JOIN v_funds AS f
        ON f.direction = p.direction AND f.party = p.party AND f.alert_id = p.alert_id AND f.item_id = p.item_id
    LEFT JOIN (SELECT * FROM recalls FINAL WHERE NOT instruction) AS r
        ON r.direction = p.direction AND r.party = p.party AND r.alert_id = p.alert_id AND r.item_id = p.item_id
) AS i
LEFT JOIN
(
    SELECT case_id, direction, toUInt8(hop - 1) AS hop, currency, sum(amount) AS followed
    FROM trail FINAL
    WHERE child_alert != '' AND NOT gone
    GROUP BY case_id, direction, hop, currency
) AS o ON o.case_id = i.case_id AND o.direction = i.direction AND o.hop = i.hop AND o.currency = i.currency
GROUP BY i.case_id, i.direction, i.hop, i.currency
