package clickhouse

// Compress makes s compress what it sends, as it does to another machine.
func Compress(s *Store) { s.pool.access.compress = true }

// RowFault is rowFault for the table of codes.
var RowFault = rowFault
