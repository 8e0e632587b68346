// Package schema owns the tables, views and roles of the database: numbered
// migrations inside the binary, the columns that the configuration adds, the
// retention of rows, the views that analysts read and who may read what.
//
// ClickHouse has no transactions over DDL, so a migration is a list of
// statements that are harmless when they run again (IF NOT EXISTS): instances
// that start at once, and one that died half way, simply run them all. A
// migration that moves data has to be written so too. What follows from the
// configuration or from other tables (columns, retention, views, roles) is
// brought up to date at every start.
//
// 2026-11-24: analysts are given columns of views, and with each its subcolumns (null,
// size0 …): the server reads these in its place for IS NULL, count(x), length and
// the like, and a right to the column does not cover them. TestRoles in
// sinks/clickhouse runs every example as each role on the real engine.
//
// The package must not know who writes the rows.
package schema
