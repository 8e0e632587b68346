package scenario_test

// views is steps 17 and 18: what analysts read in India's ClickHouse.
func (t *tester) views() {
	t.stored(t.IN, "SELECT arrayStringConcat([toString(hop), currency, toString(round(sum(toFloat64(credited)), 2)), toString(round(sum(toFloat64(returned)), 2)), toString(round(sum(toFloat64(held)), 2)), toString(round(sum(toFloat64(moved_on)), 2)), toString(round(sum(toFloat64(withdrawn_cash)), 2)), toString(round(sum(toFloat64(fee)), 2)), toString(round(sum(toFloat64(unaccounted)), 2)), toString(round(sum(toFloat64(balance)), 2))], ' ') FROM v_funds_balance WHERE direction = 'out' GROUP BY hop, currency ORDER BY hop, currency",
		"0 GBP 39500 12000 15500 11000 1000 0 0 0", "1 AED 52000 0 51400 0 0 600 0 0")
	t.stored(t.IN, "SELECT concat(right(item_id, 3), ' ', toString(toUnixTimestamp(in_force_at) - toUnixTimestamp(executed_at)), ' ', toString(detected_at <= approved_at AND approved_at <= sent_at AND sent_at <= received_at AND received_at <= accepted_at), ' ', toString(held_in_golden)) FROM v_time_to_freeze WHERE alert_id = '"+t.A1+"' ORDER BY item_id",
		"P01 2700 1 1", "P02 2220 1 1") // from 04:10 and 04:18 to 04:55
	t.stored(t.IN, "SELECT concat(right(from_item, 3), ' ', right(to_item, 3), ' ', account, ' ', country, ' ', child_alert) FROM v_money_trail WHERE told_by = 'trail' AND alert_id = '"+t.A1+"' ORDER BY from_item",
		"P01 N01 AE819990000000000000303 AE "+t.C1, "P02 N01 AE819990000000000000303 AE "+t.C1)
	t.stored(t.IN, "SELECT toString(count() > 20) FROM v_disclosures", "1")
	// The bank of the victim knows its own customer; nobody else hears a name or an account.
	t.stored(t.IN, "SELECT DISTINCT concat(party, ' ', path) FROM v_disclosures WHERE whose = 'victim' AND party != 'BANK-IN' AND path NOT LIKE 'payments.debtor.servicer%' AND path != 'payments.debtor.kind'")
}
