package scenario

// environment of everybody: a test message never reaches a bank's gateway, and the
// story is about what does. Nothing leaves this machine.
const environment = "live"

// rates are base units (USD) for one of a currency; 112 rupees make a pound.
const rates = "valid_from,currency,rate\n2020-01-01,USD,1\n2020-01-01,GBP,1.30\n2020-01-01,INR,0.0116071\n2020-01-01,EUR,1.10\n2020-01-01,AED,0.2723\n"

// subscriptions of the operator whose events name no number.
const subscriptions = "subscription_id,phone\nsub-042,+910000000001\n"

// common is the configuration that all three countries have; {PARTIES} follows.
const common = `environment: live
party: {id: {CODE}-FIU, name: "{NAME}", kind: fiu, country: {CODE}, contact: {desk: Freeze desk, hours: 24x7}}
keys: {signing: keys/fiu.jwk, log: keys/log.jwk}
state: {dir: var}
listen:
  desk: {address: "127.0.0.1:0"}
  partner: {address: "127.0.0.1:0"}
kafka:
  group: haltwire
  topics:
    - {name: bank.reports, codec: json, reporter_country: {CODE}}
    - {name: telecom.camara, codec: camara, reporter_country: {CODE}, reporter: {CODE}-OPERATOR, subscriptions: subscriptions.csv}
  own: {prefix: haltwire, case_partitions: 4, replication: 1}
clickhouse: {database: haltwire, block: {rows: 5000, every: 200ms}, ttl: {reports: 3650d, dead_letters: 3650d}}
rules: {dir: rules, max_age: 24h}
rates: {base_currency: USD, file: rates.csv}
people: {file: keys/people.yaml}
guard: [{kind: pooled, account: "GB65HWBB*"}]
telemetry: {prometheus: {address: ""}, log: {level: info, format: text}}
embedded:
  kafka: {enabled: true, dir: kafka, allow_production: true}
  clickhouse: {enabled: true, dir: clickhouse, memory: 1GiB}
parties:
`

// abroad is a party of another country, under Egmont's principles.
const abroad = `  - id: {ID}-FIU
    name: "FIU of {ID}"
    kind: fiu
    country: {ID}
    contact: {desk: Freeze desk, hours: 24x7}
    keys: {file: "{KEYS}"}
    channels: [{kind: webhook, url: "{URL}/partner/v1/messages", allow_private: true}]
    policy:
      profile: egmont
      texts:
        requester_basis: {code: EGMONT, text: "Principles for information exchange, 2013"}
        background: Fraud reported by the bank of the victim.
        reason: The account received money of a fraud.
        nexus: The account is kept in your country.
        intended_use: To keep the money for whom it was taken from.
`

// ownBank is a bank of the country itself, over the same protocol.
const ownBank = `  - id: {ID}
    name: "{ID}"
    kind: bank
    country: {CODE}
    keys: {file: "{KEYS}"}
    servicers: [{bic: {BIC}}]
    channels: [{kind: webhook, url: "{URL}/partner/v1/messages", allow_private: true}]
    policy: {profile: own_bank, texts: {requester_basis: {code: ORDER, text: "Order of the FIU"}}}
`

// victimBank is the bank of the victim: it takes drafts of camt.056 in a folder, and
// answers in another.
const victimBank = `  - id: BANK-IN
    name: Bank of the victim
    kind: bank
    country: IN
    servicers: [{clearing_system: INFSC, clearing_id_prefix: HWBI}]
    channels: [{kind: camt056, out: bank/out, in: bank/in, version: "08", scheme: "{SCHEME}", agent: {bic: HWBIINBB}}]
    policy: {profile: own_bank, texts: {requester_basis: {code: ORDER, text: "Order of the authority"}}}
`
