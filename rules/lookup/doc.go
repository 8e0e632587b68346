// Package lookup holds the lists and tables of the configuration: texts that
// rules ask for with `x in lists.NAME`, and rows that they read with
// `tables.NAME[key].column`, each as of the time of a report.
//
// A list is a CSV with the columns value, from and until; a table has its key
// column, typed columns, and from and until where it needs them. Rows hold from
// `from` inclusive until `until` exclusive; without one, for ever. Where rows of
// one key overlap in a table, the file is refused.
//
// The package knows neither rules nor the configuration file nor reports.
package lookup
