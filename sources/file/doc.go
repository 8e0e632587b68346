// Package file reads NDJSON, one report a line, from a file or standard input
// under the contract of the Kafka source: runs of records with positions.
//
// Topic is the file's name ("-" for standard input), partition 0, offset the line
// number from 1. Files have no record time: it is event.AsOccurred, so a report's
// record time is its occurred_at and none is in the future (DESIGN §8). Lines end
// with LF or CRLF, the last one also with the end of the file; blank lines and a
// byte order mark at the start are skipped. Memory is bounded: a line longer than
// event.MaxRecord is cut after MaxRecord+1 bytes, which every codec refuses as
// too_large, and the rest of it is read past.
//
// The package does not know what stands in a line.
package file
