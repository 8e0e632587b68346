-- Who was told what, on which basis and when: one row a message and member, never a value. whose says whose data it
-- is: victim, subject (the account that the money went to and its holder), onward (who got the money from there),
-- officer_text or case. how: delivered, transmitted (by an officer), published (it lies where the party fetches it) or
-- receipt.
-- Cost: merges disclosures, some 30 rows a message.
SELECT
    party, party_kind, party_country, direction, case_id, alert_id, message_id, type, path, kind, told,
    multiIf(
        startsWith(path, 'payments.debtor') OR path IN ('answers.debtor.name', 'answers.debtor.account', 'case.complaint_refs'), 'victim',
        startsWith(path, 'subject.') OR startsWith(path, 'disclosed.') OR startsWith(path, 'answers.creditor')
            OR startsWith(path, 'measures.account'), 'subject',
        startsWith(path, 'trail.'), 'onward',
        kind = 'text', 'officer_text',
        'case') AS whose,
    regime, basis, permitted_use, approval_mode, approved_by, channel, how, disclosed_at
FROM disclosures FINAL
