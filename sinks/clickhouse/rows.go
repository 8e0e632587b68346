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
	columns := list("alert_id, direction, party, party_kind, party_country, key, episode, case_id, root_alert, instruction, parent_alerts, state, ending, blocked",
		"severity, urgency, environment, asks, rules, hits, payments, currencies, amounts, provisional, confirmed, automatic",
		"decision, duplicate_of, partner_ref, open_tasks, subject_scheme, subject_account, subject_sub_account, subject_name",
		"subject_bic, subject_country, record_time, opened_at, approved_at, queued_at, sent_at, received_at, accepted_at",
		"decided_at, answered_at, confirm_by, confirmed_at, closed_at, updated_at, decide_by, paused_ms, bank_answered_at, erased_at, partition, version")
	return write(ctx, s, "alerts", columns, rows, func(r caselog.AlertRow) []any {
		return []any{
			r.AlertID, r.Direction, r.Party, r.PartyKind, r.PartyCountry, r.Key, r.Episode, r.CaseID, r.RootAlert, r.Instruction, texts(r.ParentAlerts), r.State, r.Ending, r.Blocked,
			r.Severity, r.Urgency, r.Environment, texts(r.Asks), texts(r.Rules), r.Hits, r.Payments, texts(r.Currencies), decimals(r.Amounts), r.Provisional, r.Confirmed, r.Automatic,
			r.Decision, r.DuplicateOf, r.PartnerRef, texts(r.OpenTasks), r.SubjectScheme, r.SubjectID, r.SubAccount, r.SubjectName,
			r.SubjectBIC, r.SubjectCountry, instant(r.RecordTime), instant(r.OpenedAt), instant(r.ApprovedAt), instant(r.QueuedAt), instant(r.SentAt), instant(r.ReceivedAt), instant(r.AcceptedAt),
			instant(r.DecidedAt), instant(r.AnsweredAt), instant(r.ConfirmBy), instant(r.ConfirmedAt), instant(r.ClosedAt), instant(r.UpdatedAt),
			instant(r.DecideBy), r.PausedMS, instant(r.BankAt), instant(r.ErasedAt), r.Partition, r.Version,
		}
	})
}

// WriteMeasures keeps measures and where they stand.
func (s *Store) WriteMeasures(ctx context.Context, rows []caselog.MeasureRow) error {
	columns := list("measure_id, alert_id, case_id, direction, party, ask_id, kind, state, stand, ending, standing, recorded, amount, currency, authority",
		"authority_kind, legal_basis, in_force_at, expires_at, working_days, extendable, extend_by, convert_need, convert_by, ends_if_silent",
		"converted_from, converted_into, asked, born_at, since_at, account_scheme, account, as_of, version")
	return write(ctx, s, "measures", columns, rows, func(r caselog.MeasureRow) []any {
		return []any{
			r.MeasureID, r.AlertID, r.CaseID, r.Direction, r.Party, r.AskID, r.Kind, r.State, r.Stand, r.Ending, r.Standing, r.Recorded, amount(r.Amount), r.Amount.Currency, r.Authority,
			r.AuthorityKind, r.LegalBasis, instant(r.InForceAt), instant(r.ExpiresAt), instants(r.WorkingDays), r.Extendable, instant(r.ExtendBy), r.ConvertNeed, instant(r.ConvertBy), r.EndsIfSilent,
			texts(r.Before), r.After, texts(r.Asked), instant(r.BornAt), instant(r.SinceAt), r.AccountScheme, r.AccountID, instant(r.AsOf), r.Version,
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
		if r.PaymentKey != "" && r.UETR+r.EndToEndID+r.TransactionID+r.RRN+r.UTR+r.TxHash != "" { // an erased one may be known elsewhere
			known = append(known, r)
		}
	}
	err := write(ctx, s, "payments", list("payment_key", of), known, func(r caselog.PaymentRow) []any {
		return append([]any{r.PaymentKey}, movement(r)...)
	})
	if err != nil {
		return err
	}
	item := "payment_key, alert_id, case_id, direction, party, item_id, hop, parent_items, reports, shed, taken_out, withheld"
	return write(ctx, s, "alert_payments", list(item, of), rows, func(r caselog.PaymentRow) []any {
		return append([]any{r.PaymentKey, r.AlertID, r.CaseID, r.Direction, r.Party, r.ItemID, r.Hop, texts(r.ParentItems), r.Reports, r.Shed, r.TakenOut, r.Withheld}, movement(r)...)
	})
}

// WriteTrail keeps onward movements that partners found.
func (s *Store) WriteTrail(ctx context.Context, rows []caselog.TrailRow) error {
	columns := list("item_id, alert_id, case_id, direction, party, outcome_id, parent_items, hop, amount, currency, credited, credited_currency",
		"executed_at, account_scheme, account, sub_account, bic, country, handled_by, onward_use, consent, to_party, child_alert, gone, version")
	return write(ctx, s, "trail", columns, rows, func(r caselog.TrailRow) []any {
		return []any{
			r.ItemID, r.AlertID, r.CaseID, r.Direction, r.Party, r.OutcomeID, texts(r.ParentItems), r.Hop, amount(r.Money), r.Money.Currency, amount(r.Credited), r.Credited.Currency,
			instant(r.ExecutedAt), r.AccountScheme, r.AccountID, r.SubAccount, r.ServicerBIC, r.Country, r.HandledBy, r.OnwardUse, r.Consent, r.ToParty, r.ChildAlert, r.Gone, r.Version,
		}
	})
}

// WriteRecalls keeps where recalls stand.
func (s *Store) WriteRecalls(ctx context.Context, rows []caselog.RecallRow) error {
	columns := list("alert_id, case_id, direction, party, item_id, payment_key, instruction, state, why, bank, child_alert, camt056_id, reason, codes",
		"asked_at, initiated_at, answered_at, chased_at, accepted, accepted_currency, returned, returned_currency, costs, costs_currency, differs, next_agent, version")
	return write(ctx, s, "recalls", columns, rows, func(r caselog.RecallRow) []any {
		return []any{
			r.AlertID, r.CaseID, r.Direction, r.Party, r.ItemID, r.PaymentKey, r.Instruction, r.State, r.Why, r.Bank, r.ChildAlert, r.Camt056ID, r.ReasonISO, texts(r.Codes),
			instant(r.AskedAt), instant(r.InitiatedAt), instant(r.AnsweredAt), instant(r.ChasedAt), amount(r.Amount), r.Amount.Currency, amount(r.Returned), r.Returned.Currency,
			amount(r.Costs), r.Costs.Currency, r.Differs, r.NextAgent, r.Version,
		}
	})
}

// WriteApprovals keeps what officers said.
func (s *Store) WriteApprovals(ctx context.Context, rows []caselog.ApprovalRow) error {
	const columns = "partition, offset, alert_id, case_id, direction, party, act, about, officer, role, verdict, why, code, digest, at, version"
	return write(ctx, s, "approvals", columns, rows, func(r caselog.ApprovalRow) []any {
		return []any{
			r.Partition, r.Offset, r.AlertID, r.CaseID, r.Direction, r.Party, r.Act, r.About, r.Officer, r.Role, r.Verdict, r.Why, r.Code, r.Digest, instant(r.At), r.Version,
		}
	})
}

// WriteDisclosures keeps what parties were told.
func (s *Store) WriteDisclosures(ctx context.Context, rows []caselog.DisclosureRow) error {
	columns := list("message_id, alert_id, case_id, direction, party, party_kind, party_country, type, path, kind, told, regime, basis, permitted_use",
		"approval_mode, approved_by, channel, how, disclosed_at, version")
	return write(ctx, s, "disclosures", columns, rows, func(r caselog.DisclosureRow) []any {
		return []any{
			r.MessageID, r.AlertID, r.CaseID, r.Direction, r.Party, r.PartyKind, r.PartyCountry, r.Type, r.Path, r.Kind, r.Values, r.Regime, r.Basis, r.PermittedUse,
			r.ApprovalMode, texts(r.ApprovedBy), r.Channel, r.How, instant(r.DisclosedAt), r.Version,
		}
	})
}

// WriteConsents keeps questions about passing on, and their answers.
func (s *Store) WriteConsents(ctx context.Context, rows []caselog.ConsentRow) error {
	const columns = "message_id, alert_id, case_id, direction, party, items, to, asked_at, answer_id, granted, answered_at, answered_by, version"
	return write(ctx, s, "consents", columns, rows, func(r caselog.ConsentRow) []any {
		return []any{
			r.MessageID, r.AlertID, r.CaseID, r.Direction, r.Party, texts(r.Facts), texts(r.To), instant(r.AskedAt), r.AnswerID, r.Granted, instant(r.AnsweredAt), texts(r.AnsweredBy), r.Version,
		}
	})
}

// WriteTasks keeps what alerts want people to do.
func (s *Store) WriteTasks(ctx context.Context, rows []caselog.TaskRow) error {
	const columns = "task_id, alert_id, case_id, direction, party, kind, about, why, least, opened_at, done_at, done_by, version"
	return write(ctx, s, "tasks", columns, rows, func(r caselog.TaskRow) []any {
		return []any{
			r.TaskID, r.AlertID, r.CaseID, r.Direction, r.Party, r.Kind, r.About, texts(r.Why), r.Least, instant(r.OpenedAt), instant(r.DoneAt), r.DoneBy, r.Version,
		}
	})
}
