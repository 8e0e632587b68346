// Package ruleset owns what judges as one thing: the rules, the lists and tables
// that they name, and the exchange rates. It reads their files, compiles them, runs
// their tests, says when a file has changed, and writes them as the contents of
// activations and back, so that a replay judges as the first run did.
//
// A set is read once and compiled from what was read: what is in force, what its
// activation holds and what its tests judged are the same bytes, whatever an editor
// does to the files meanwhile.
//
// 2026-11-24: changes are found by looking, once a second, not by inotify: a look
// costs a stat a file (10,000 files take some 30 ms), sees the swapped link of a
// Kubernetes ConfigMap, a git checkout and a file on NFS alike, and has no limit on
// watches. A change counts when two looks in a row see the same, so that a checkout
// that is under way is not half taken.
//
// The package knows neither Kafka nor when a set is put in force.
package ruleset
