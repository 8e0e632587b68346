// Package block turns a batch of reports into the input of one native INSERT.
//
// Each column writes itself straight from the vector of the batch: decimals and
// times as the memory they lie in, symbols as dictionary and keys, texts as
// length and bytes. No value becomes a Go string or an interface. Columns
// without a value in this batch are left out, so that a schema of more than a
// hundred columns costs only what the reports carry; the table's defaults stand
// for them.
//
// The package knows the native format and the names of columns; it knows
// neither connections nor when a block is written.
package block
