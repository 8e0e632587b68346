// Package profile owns the shapes of agreements as data (data/*.yaml, FREEZE 4), and
// the one function that decides for every member of every message whether it may go
// out under one of them: May. What is not listed is denied.
//
// A row of FREEZE 4 is a key of the data; rows.go says which members of which messages
// a row is about. The texts of the law are the user's, in the config.
//
// It must not know parties, routing, calendars or states of alerts.
package profile
