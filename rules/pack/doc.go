// Package pack is the folder of shipped rules, one folder a typology, embedded for
// the demo. README.md lists them. The rules are meant to run as they are, without
// lists or tables, and to be copied from. It must not know how rules are read or
// judged.
//
// Every rule has references, honest false positives, and tests that have seen each
// of its comparisons true, false and unknown; the package's test holds them to that
// and changes every threshold by a hair to see whether the tests notice.
//
// Rules that read what happened before share their windows by the libraries in
// shared/, so that one state serves all. Amounts are compared with zero, in one
// currency, or as base_amount: a sum in several currencies means nothing. A rule
// acts by itself (approval: auto) only when it judges one report by what a bank or
// the police said of it; whatever is concluded from several reports is for a person
// to decide. Rules that many honest payments look like are shadow: they are measured
// beside the live ones.
package pack
