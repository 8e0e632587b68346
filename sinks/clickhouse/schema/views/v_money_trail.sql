-- Edges of the money trail: from an item to the item that continues it, and from an item to where a partner says
-- that a part of it went. to_item is empty where the next hop is no item of ours.
-- Cost: reads items and funds; both are small.
SELECT
    arrayJoin(parent_items) AS from_item, item_id AS to_item, '' AS to_ref, 'item' AS told_by, direction, party,
    alert_id, case_id, hop, '' AS disposition, disputed AS amount, disputed_currency AS currency, executed_at AS at
FROM alert_payments FINAL
WHERE NOT shed
UNION ALL
SELECT
    f.item_id, '', f.to_ref, 'outcome', f.direction, f.party, f.alert_id, f.case_id, p.hop + 1, f.disposition,
    f.amount, f.currency, f.at
FROM funds AS f FINAL
LEFT JOIN (SELECT * FROM alert_payments FINAL) AS p
    ON p.direction = f.direction AND p.party = f.party AND p.alert_id = f.alert_id AND p.item_id = f.item_id
WHERE f.current AND f.disposition IN ('moved_on', 'withdrawn_cash', 'spent', 'converted')
