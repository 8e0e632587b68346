// Package calendar owns working days and opening hours: which days people work in a
// country, when a desk is open, and arithmetic with both.
//
// It must not know timers, parties or messages. Time is always a parameter.
//
// # Where the days come from
//
// Most countries are rules of github.com/rickar/cal/v2 (computed.go); those it lacks,
// and those where it and the lists of vacanza/holidays disagreed (2026-11-24), are
// dated lists of ours (days/CC.csv, each with its source and its years). A file CC.csv
// in a folder of the user's lies over both. Lines of such a file:
//
//	2026-03-20,Eid al-Fitr          a day off
//	work,2026-01-10                 a working day, whatever else says otherwise
//	weekend,2022-01-01,Sat Sun      the weekend from that day on
//	zone,Asia/Dubai                 whose midnight ends a day
//	# …                             a comment
//
// A file replaces the days of every year that it names a day of; other years stay.
//
// A country that nobody knows works from Monday to Friday, in UTC; Known says so,
// and Covers which years have holidays at all.
package calendar
