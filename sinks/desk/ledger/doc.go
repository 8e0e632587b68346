// Package ledger owns the way from the case log to rows for analysts: it folds
// the partitions of the owner a second time, at the pace of the database, and
// makes of each event the rows that it changes.
//
// A fold of its own costs the memory of the owned alerts once more, and buys
// that rows say exactly what the log said at their event, however far the
// database lags behind the desk: verdicts need no queue that could grow, and the
// desk never waits.
//
// Rows of one identity have a version, the offset of their event; the largest wins.
// What stands in an alert (measures, recalls, trail, consents, tasks) makes a row when
// the event changed it, told from what the alert was just before. So rows depend on the
// log alone, and neither on how events are batched nor on who died between writing
// rows and committing the cursor. Alerts and items make one row a batch.
//
// It must not know the database nor Kafka.
package ledger
