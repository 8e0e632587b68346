-- Measures that may still stop money, with how long they last: hours_left and working_days_left until expires_at, by
-- the calendar of the measure's country (the day of the end counts, today does not); both NULL when nobody said when
-- it ends. Direction out: a partner's; in: ours for a partner; instruction: what a bank of ours holds for either,
-- the same money once more.
-- Cost: merges measures and joins alerts; both are small.
SELECT
    m.direction AS direction, a.instruction AS instruction, m.party AS party, a.party_country AS party_country,
    m.case_id AS case_id, m.alert_id AS alert_id, m.measure_id AS measure_id, m.kind AS kind, m.stand AS stand,
    m.amount AS amount, m.currency AS currency, m.authority AS authority, m.authority_kind AS authority_kind,
    m.legal_basis AS legal_basis, m.account_scheme AS account_scheme, m.account AS account,
    m.in_force_at AS in_force_at, m.expires_at AS expires_at,
    if(isNull(m.expires_at), NULL, greatest(0, dateDiff('second', now64(3, 'UTC'), m.expires_at) / 3600)) AS hours_left,
    if(isNull(m.expires_at), NULL, toInt32(arrayCount(d -> d > now('UTC'), m.working_days))) AS working_days_left,
    m.extendable AS extendable, m.extend_by AS extend_by, m.convert_need AS convert_need, m.convert_by AS convert_by,
    m.ends_if_silent AS ends_if_silent, m.asked AS asked, m.recorded AS recorded, m.since_at AS since_at
FROM measures AS m FINAL
LEFT JOIN (SELECT * FROM alerts FINAL) AS a
    ON a.direction = m.direction AND a.party = m.party AND a.alert_id = m.alert_id
WHERE m.standing
