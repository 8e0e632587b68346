// Package taxii owns the channel of kind taxii: a TAXII 2.1 server from which
// each party fetches what is meant for it, as STIX 2.1 objects, in a collection
// of its own for live messages and another for test messages.
//
// A Sender accepts a message for the channel, a Feed turns what the case log
// says was accepted into objects, and a Handler serves them. The package must not
// know the case log, queues or policy. STIX is in the package stix, filters and
// pages in the package shelf.
//
// # Who sees what
//
// A party sees its own two collections. For all others, and for what does not
// exist, it gets the same 404. A message enters only the collection of the party
// that it names as its recipient. Nothing can be added or deleted by HTTP.
//
// # One order everywhere
//
// Every instance folds the same case log, but not in the same order across its
// partitions, and a restart folds it anew. The cursors that parties hold must
// mean the same everywhere. So a Feed waits until a message is Settle old, and
// then adds messages in the order of their moments and ids: collections, moments
// of addition and versions follow from the log alone.
//
// # Decisions
//
// 2026-11-24: a page is at most 8 MiB, because an object may be 4 MiB long and a
// reader that comes back costs less than a server that runs out of memory.
//
// 2026-11-24: secrets are compared by their SHA-256, all of them at every
// request, in constant time. They are for machines and at least 20 characters
// long, so a slow hash would only slow down honest readers.
//
// 2026-11-24: next holds the moment of the last object and a digest of the
// filters; asking for the next page with other filters is an error (TAXII 2.1,
// 3.5). added_after and limit may change.
package taxii
