package event

// builtin returns the columns of DESIGN §3 in their order.
func builtin() []Column {
	cols := []Column{
		{Name: "report_id", Type: Text, Required: true},
		{Name: "reporter", Type: Symbol, Required: true},
		{Name: "revision", Type: Uint},
		{Name: "reporter_country", Type: Symbol, List: Country},
		{Name: "kind", Type: Symbol, List: Kind, Required: true},
		{Name: "occurred_at", Type: Time, Required: true},
		{Name: "occurred_from", Type: Time},
		{Name: "time_precision", Type: Symbol, List: Closed, Values: []string{"ms", "s", "day"}},
		{Name: "reported_at", Type: Time},
		{Name: "category", Type: Symbol},
		{Name: "case_ref", Type: Text},
		{Name: "narrative", Type: Text, Personal: true},
		{Name: "url", Type: Text, Personal: true},
		{Name: "status", Type: Symbol, List: Closed, Values: []string{"accepted", "settled", "pending", "refused", "returned", "failed"}},
		{Name: "authorisation", Type: Symbol, List: Closed, Values: []string{"unauthorised", "authorised_deceived", "unknown"}},
		{Name: "amount", Type: Decimal},
		{Name: "disputed_amount", Type: Decimal},
		{Name: "currency", Type: Symbol, List: Currency},
		{Name: "settled_amount", Type: Decimal},
		{Name: "settled_currency", Type: Symbol, List: Currency},
		{Name: "credited_amount", Type: Decimal},
		{Name: "credited_currency", Type: Symbol, List: Currency},
		{Name: "base_amount", Type: Decimal, Derived: true},
		{Name: "layer", Type: Uint, Max: 255},
		{Name: "rail", Type: Symbol, List: Closed, Values: Rails()},
	}
	cols = append(cols, payment()...)
	cols = append(cols, side("debtor")...)
	cols = append(cols, side("creditor")...)
	return append(cols, telecom()...)
}

// Rails returns the payment rails that a report may name.
func Rails() []string {
	return []string{"swift", "sepa", "sepa_inst", "fps", "chaps", "imps", "neft", "rtgs", "upi", "ach", "card", "wallet", "cash", "crypto", "other"}
}

func payment() []Column {
	return []Column{
		{Name: "payment.uetr", Type: Text},
		{Name: "payment.end_to_end_id", Type: Text},
		{Name: "payment.transaction_id", Type: Text},
		{Name: "payment.instruction_id", Type: Text},
		{Name: "payment.message_id", Type: Text},
		{Name: "payment.message_name", Type: Symbol},
		{Name: "payment.clearing_ref", Type: Text},
		{Name: "payment.rrn", Type: Text},
		{Name: "payment.utr", Type: Text},
		{Name: "payment.tx_hash", Type: Text},
		{Name: "payment.settlement_date", Type: Date},
		{Name: "payment.purpose", Type: Symbol},
		{Name: "payment.mcc", Type: Symbol},
		{Name: "payment.remittance", Type: Text, Personal: true},
		{Name: "payment.terminal_id", Type: Text},
		{Name: "payment.merchant_id", Type: Text},
		{Name: "payment.key", Type: Text, Derived: true},
	}
}

// side returns the columns of one side of a payment.
func side(role string) []Column {
	cols := []Column{
		{Name: "account", Type: Text, Personal: true},
		{Name: "scheme", Type: Symbol, List: Closed, Values: []string{"iban", "bban", "upi", "wallet", "card", "crypto", "other"}},
		{Name: "sub_account", Type: Text, Personal: true},
		{Name: "bic", Type: Symbol},
		{Name: "clearing_system", Type: Symbol},
		{Name: "clearing_id", Type: Symbol},
		{Name: "name", Type: Text, Personal: true},
		{Name: "kind", Type: Symbol},
		{Name: "id", Type: Text, Personal: true},
		{Name: "country", Type: Symbol, List: Country},
		{Name: "account_type", Type: Symbol},
		{Name: "opened_at", Type: Time},
		{Name: "balance", Type: Decimal, Signed: true},
		{Name: "hold_amount", Type: Decimal},
		{Name: "phone", Type: Text, Phone: true, Personal: true},
		{Name: "phone_used", Type: Text, Phone: true, Personal: true},
		{Name: "email", Type: Text, Personal: true},
		{Name: "device", Type: Text, Personal: true},
		{Name: "ip", Type: Text, Personal: true},
		{Name: "lat", Type: Float, Bound: 90, Personal: true},
		{Name: "lon", Type: Float, Bound: 180, Personal: true},
		{Name: "account_country", Type: Symbol, List: Country, Derived: true},
		{Name: "uid", Type: Text, Derived: true, Personal: true},
	}
	for i := range cols {
		cols[i].Name = role + "." + cols[i].Name
	}
	return cols
}

func telecom() []Column {
	return []Column{
		{Name: "subscriber.phone", Type: Text, Phone: true, Personal: true},
		{Name: "subscriber.imsi", Type: Text, Personal: true},
		{Name: "subscriber.imei", Type: Text, Personal: true},
		{Name: "subscriber.iccid", Type: Text, Personal: true},
		{Name: "subscriber.operator", Type: Symbol},
		{Name: "subscriber.country", Type: Symbol, List: Country},
		{Name: "subscriber.subscription_id", Type: Text, Personal: true},
		{Name: "peer.phone", Type: Text, Phone: true, Personal: true},
		{Name: "peer.sender_id", Type: Text},
		{Name: "peer.country", Type: Symbol, List: Country},
		{Name: "direction", Type: Symbol},
		{Name: "duration_s", Type: Uint},
		{Name: "call_type", Type: Symbol},
		{Name: "cell_id", Type: Text, Personal: true},
		{Name: "roaming_country", Type: Symbol, List: Country},
		{Name: "forward_to", Type: Text, Phone: true, Personal: true},
		{Name: "forward_kind", Type: Symbol},
		{Name: "extra", Type: Map, Personal: true},
	}
}
