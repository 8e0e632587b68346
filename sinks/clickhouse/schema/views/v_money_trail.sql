-- Edges of the money trail, by who tells of them. trail: a partner found that money of from_item went on to an account,
-- as to_item; an edge for each item that it came from, all with the amount of the whole movement, and child_alert if
-- somebody is asked about it. item: an item that says itself what it continues. outcome: where a part of an item went
-- otherwise (cash, purchases), or on where no trail says; to_item is empty then.
-- Cost: reads trail, items and funds; all are small.
SELECT
    arrayJoin(parent_items) AS from_item, item_id AS to_item, '' AS to_ref, 'trail' AS told_by, direction, party,
    alert_id, case_id, hop, 'moved_on' AS disposition, amount, currency, credited, credited_currency,
    account_scheme, account, sub_account, bic, country, executed_at AS at, handled_by, onward_use, consent, child_alert
FROM trail FINAL
WHERE NOT gone
UNION ALL
SELECT
    arrayJoin(parent_items), item_id, '', 'item', direction, party, alert_id, case_id, hop, 'moved_on',
    disputed, disputed_currency, credited, credited_currency, '', '', '', '', '', executed_at, '', '', '', ''
FROM alert_payments FINAL
WHERE NOT shed AND NOT taken_out
    AND (direction, party, alert_id) NOT IN (SELECT direction, party, alert_id FROM alerts FINAL WHERE instruction)
    AND (direction = 'in' OR alert_id NOT IN (SELECT child_alert FROM trail FINAL WHERE NOT gone))
UNION ALL
SELECT
    f.item_id, '', f.to_ref, 'outcome', f.direction, f.party, f.alert_id, f.case_id, p.hop + 1, f.disposition,
    f.amount, f.currency, NULL, '', '', '', '', '', '', f.at, '', '', '', ''
FROM funds AS f FINAL
LEFT JOIN (SELECT * FROM alert_payments FINAL) AS p
    ON p.direction = f.direction AND p.party = f.party AND p.alert_id = f.alert_id AND p.item_id = f.item_id
WHERE f.current AND f.disposition IN ('moved_on', 'withdrawn_cash', 'spent', 'converted')
    AND (f.disposition != 'moved_on' OR (f.alert_id, f.item_id) NOT IN
        (SELECT alert_id, arrayJoin(parent_items) FROM trail FINAL WHERE NOT gone))
