// Package table makes native JSON reports (DESIGN §3) of the rows of tables: CSV,
// Parquet, rows of ClickHouse. What comes out is read by the decoder of production,
// so a table cannot mean anything that a report on the wire could not.
//
// Without a Mapping, or with one that has no columns, the columns of a table are called like fields, debtor.account
// or debtor_account; columns that no field is called like become members that the
// decoder puts into extra, and derived ones are left out, for they are derived again.
//
// A Mapping is YAML:
//
//	columns:                        # column of the table → field of the report
//	  amount: amount
//	  sender: [debtor.account, extra.from]
//	  state: {field: status, words: {OK: settled, NOK: refused, "*": pending}}
//	  paid_at: {field: occurred_at, time: "%Y-%m-%d %H:%M:%S", zone: Asia/Kolkata}
//	  step: {field: occurred_at, unit: h, from: 2026-01-01T00:00:00Z}
//	  age: {field: occurred_at, unit: d, from: 2026-01-01T00:00:00Z, ago: true}
//	  paise: {field: amount, scale: "0.01"}
//	constants:                      # field → text; {column} and {row} stand for values
//	  reporter: HWBIINBB
//	  report_id: "T{row}"
//	missing: ["", NULL]             # texts that mean that a row has no value; default ""
//	delimiter: ";"                  # of CSV; default a comma, "\t" is a tab
//
// scale multiplies a decimal; it also reads exponents, which spreadsheets write, so
// that "1" may be of use. time is rfc3339 (the default), unix, unix_ms, or a pattern of %Y %y %m %b %d %H
// %I %p %M %S %f %z; zone says where its clock stands when it does not. words
// translate whole values; a value that is not among them is an error of its row
// unless there is "*".
//
// A field that every report must have and nothing gives is an error before the first
// row is read. What is wrong with a row is a dead letter whose offset is the number
// of the row, from 1, the header not counted.
//
// The package knows neither files nor formats of tables.
package table
