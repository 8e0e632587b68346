package clickhouse

import (
	"context"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// WriteHits keeps hits, one row a hit and subject.
func (s *Store) WriteHits(ctx context.Context, rows []caselog.HitRow) error {
	columns := list("hit_id, evidence_key, key, case_id, alert_id, rule, rule_version, title, status, rule_case, score",
		"severity, typology, offence, approval, asks, reporter, report_id, revision, content_hash, kind, occurred_at",
		"kafka_time, appended_at, topic, partition, offset, trace, late, changed, cause_topic, cause_partition, cause_offset, cold, cut, excepted, unknown, values",
		"digest_rules, digest_lists, digest_rates, facts, subject_uid, subject_scheme, subject_account, subject_sub_account",
		"subject_name, subject_bic, subject_country, payment_keys, amount, currency, version")
	return write(ctx, s, "hits", columns, rows, func(r caselog.HitRow) []any {
		return []any{
			r.HitID, r.EvidenceKey, r.Key, r.CaseID, r.AlertID, r.Rule, r.RuleVersion, r.Title, r.Status, r.Case, r.Score.String(),
			r.Severity, texts(r.Typology), r.Offence, r.Approval, texts(r.Asks), r.Reporter, r.ReportID, r.Revision, string(r.Hash[:]), r.Kind, instant(r.OccurredAt),
			instant(r.RecordTime), instant(r.AppendedAt), r.Topic, r.Partition, r.Offset, r.Trace, r.Late, r.Changed, r.CauseTopic, r.CausePartition, r.CauseOffset, r.Cold, r.Cut, r.Excepted, texts(r.Unknown), r.ValuesJSON,
			r.DigestRules, r.DigestLists, r.DigestRates, r.Facts, r.SubjectUID, r.SubjectScheme, r.SubjectID, r.SubAccount,
			r.SubjectName, r.SubjectBIC, r.Country, texts(r.PaymentKeys), amount(r.Amount), r.Amount.Currency, r.Version,
		}
	})
}

// WriteOverturns keeps which evidence stands no more.
func (s *Store) WriteOverturns(ctx context.Context, rows []caselog.OverturnRow) error {
	columns := list("evidence_key, key, revision, content_hash, hit_id, rule, reason, appended_at, cause_topic, cause_partition, cause_offset, version")
	return write(ctx, s, "hit_overturns", columns, rows, func(r caselog.OverturnRow) []any {
		return []any{
			r.EvidenceKey, r.Key, r.Revision, string(r.Hash[:]), r.HitID, r.Rule, r.Reason, instant(r.AppendedAt), r.CauseTopic, r.CausePartition, r.CauseOffset, r.Version,
		}
	})
}

// WriteAlerts keeps states of alerts.
func (s *Store) WriteAlerts(ctx context.Context, rows []caselog.AlertRow) error {
	columns := list("alert_id, direction, party, party_kind, party_country, key, episode, case_id, parent_alerts, state, ending, blocked",
		"severity, urgency, environment, asks, rules, hits, payments, currencies, amounts, provisional, confirmed, automatic",
		"decision, duplicate_of, partner_ref, open_tasks, subject_scheme, subject_account, subject_sub_account, subject_name",
		"subject_bic, subject_country, record_time, opened_at, approved_at, queued_at, sent_at, received_at, accepted_at",
		"decided_at, answered_at, confirm_by, confirmed_at, closed_at, updated_at, partition, version")
	return write(ctx, s, "alerts", columns, rows, func(r caselog.AlertRow) []any {
		return []any{
			r.AlertID, r.Direction, r.Party, r.PartyKind, r.PartyCountry, r.Key, r.Episode, r.CaseID, texts(r.ParentAlerts), r.State, r.Ending, r.Blocked,
			r.Severity, r.Urgency, r.Environment, texts(r.Asks), texts(r.Rules), r.Hits, r.Payments, texts(r.Currencies), decimals(r.Amounts), r.Provisional, r.Confirmed, r.Automatic,
			r.Decision, r.DuplicateOf, r.PartnerRef, texts(r.OpenTasks), r.SubjectScheme, r.SubjectID, r.SubAccount, r.SubjectName,
			r.SubjectBIC, r.SubjectCountry, instant(r.RecordTime), instant(r.OpenedAt), instant(r.ApprovedAt), instant(r.QueuedAt), instant(r.SentAt), instant(r.ReceivedAt), instant(r.AcceptedAt),
			instant(r.DecidedAt), instant(r.AnsweredAt), instant(r.ConfirmBy), instant(r.ConfirmedAt), instant(r.ClosedAt), instant(r.UpdatedAt), r.Partition, r.Version,
		}
	})
}

// WriteMeasures keeps measures as the latest outcomes tell them.
func (s *Store) WriteMeasures(ctx context.Context, rows []caselog.MeasureRow) error {
	columns := list("measure_id, alert_id, case_id, direction, party, ask_id, kind, state, amount, currency, authority",
		"authority_kind, legal_basis, in_force_at, expires_at, extendable, convert_need, convert_by, ends_if_silent",
		"account_scheme, account, as_of, version")
	return write(ctx, s, "measures", columns, rows, func(r caselog.MeasureRow) []any {
		return []any{
			r.MeasureID, r.AlertID, r.CaseID, r.Direction, r.Party, r.AskID, r.Kind, r.State, amount(r.Amount), r.Amount.Currency, r.Authority,
			r.AuthorityKind, r.LegalBasis, instant(r.InForceAt), instant(r.ExpiresAt), r.Extendable, r.ConvertNeed, instant(r.ConvertBy), r.EndsIfSilent,
			r.AccountScheme, r.AccountID, instant(r.AsOf), r.Version,
		}
	})
}

// WriteFunds keeps what became of the money as the latest outcomes tell it.
func (s *Store) WriteFunds(ctx context.Context, rows []caselog.FundsRow) error {
	columns := list("alert_id, case_id, direction, party, outcome_id, item_id, line, payment_key, disposition, amount, currency",
		"at, via, to_ref, as_of, current, version")
	return write(ctx, s, "funds", columns, rows, func(r caselog.FundsRow) []any {
		return []any{
			r.AlertID, r.CaseID, r.Direction, r.Party, r.OutcomeID, r.ItemID, r.Line, r.PaymentKey, r.Disposition, amount(r.Money), r.Money.Currency,
			instant(r.At), r.Via, r.ToRef, instant(r.AsOf), r.Current, r.Version,
		}
	})
}

// WritePayments keeps items of alerts, and the payments that they are about.
func (s *Store) WritePayments(ctx context.Context, rows []caselog.PaymentRow) error {
	const of = "uetr, end_to_end_id, transaction_id, rrn, utr, tx_hash, instructed, instructed_currency, settled, settled_currency, " +
		"credited, credited_currency, disputed, disputed_currency, executed_at, rail, authorisation, debtor_bic, debtor_country, " +
		"complaint_ref, added_at, version"
	movement := func(r caselog.PaymentRow) []any {
		return []any{
			r.UETR, r.EndToEndID, r.TransactionID, r.RRN, r.UTR, r.TxHash, amount(r.Instructed), r.Instructed.Currency, amount(r.Settled), r.Settled.Currency,
			amount(r.Credited), r.Credited.Currency, amount(r.Disputed), r.Disputed.Currency, instant(r.ExecutedAt), r.Rail, r.Authorisation, r.DebtorBIC, r.DebtorCountry,
			r.ComplaintRef, instant(r.AddedAt), r.Version,
		}
	}
	var known []caselog.PaymentRow
	for _, r := range rows {
		if r.PaymentKey != "" {
			known = append(known, r)
		}
	}
	err := write(ctx, s, "payments", list("payment_key", of), known, func(r caselog.PaymentRow) []any {
		return append([]any{r.PaymentKey}, movement(r)...)
	})
	if err != nil {
		return err
	}
	item := "payment_key, alert_id, case_id, direction, party, item_id, hop, parent_items, reports, shed"
	return write(ctx, s, "alert_payments", list(item, of), rows, func(r caselog.PaymentRow) []any {
		return append([]any{r.PaymentKey, r.AlertID, r.CaseID, r.Direction, r.Party, r.ItemID, r.Hop, texts(r.ParentItems), r.Reports, r.Shed}, movement(r)...)
	})
}
