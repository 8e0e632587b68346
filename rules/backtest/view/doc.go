// Package view shows the result of a backtest to people: as an aligned table on a
// terminal, and as one HTML file that needs nothing else, neither a server nor a
// script. Charts are SVG inside the page, each with a text of what it shows.
//
// Names of accounts, reports and rules come from others and may be hostile: control
// characters never reach a terminal, and the page escapes everything.
//
// The package measures nothing.
package view
