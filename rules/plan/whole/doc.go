// Package whole judges a whole input at once: what eval and test say of a set of
// rules. It goes through the input twice. The first time every report feeds the
// windows, where the latest version of a report replaces those before it; the
// second time every report is judged as of its own occurred_at. So the hits are a
// function of the set of reports: neither order nor batches nor repetitions
// change them, and lateness is unlimited.
//
// A plan without windows is judged as the input comes, and nothing of the input is
// kept but identities and versions. With windows the original bytes of the reports
// stay in memory.
//
// The package knows neither where reports come from nor what becomes of hits.
package whole
