// Package parquet reads the rows of Parquet files as runs of native JSON reports, by
// the reader of Apache Arrow.
//
// Columns are flat: texts, numbers, decimals, times, dates and booleans, called
// like fields or mapped; a map from text to text can be extra. Lists and other
// nested columns are an error when a mapping names them and left out otherwise.
//
// Files may be hostile. Only the columns that are looked at are read; all memory that
// reading takes comes from one allocator with a bound, whatever sizes a page claims;
// a file that the reader cannot follow is an error, never a panic. Rows are counted
// from 1.
//
// The package does not know what the columns mean: sources/table does.
package parquet
