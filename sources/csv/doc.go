// Package csv reads the rows of CSV files (RFC 4180, with a header, the delimiter of
// the mapping) as runs of native JSON reports.
//
// A row with another number of cells than the header, or with quotes that do not
// close, is a dead letter; rows are counted from 1, the header not counted. Memory is
// bounded: a row longer than event.MaxRecord ends the input with an error, since
// nobody can say where the next one begins.
//
// The package does not know what the columns mean: sources/table does.
package csv
