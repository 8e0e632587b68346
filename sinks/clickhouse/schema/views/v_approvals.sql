-- What officers said about acts that need approval: given or refused, and since when it counts no more, because what
-- they signed has changed.
-- Cost: merges approvals; they are few.
SELECT
    g.direction AS direction, g.party AS party, g.case_id AS case_id, g.alert_id AS alert_id, g.act AS act,
    g.about AS about, g.officer AS officer, g.role AS role, g.verdict AS verdict, g.code AS code, g.digest AS digest,
    g.at AS at, v.at AS voided_at, v.why AS voided_why
FROM (SELECT * FROM approvals FINAL WHERE verdict != 'voided') AS g
ASOF LEFT JOIN (SELECT * FROM approvals FINAL WHERE verdict = 'voided') AS v
    ON v.alert_id = g.alert_id AND v.act = g.act AND v.officer = g.officer AND g.offset < v.offset
