// Package spool owns folders as a way to another program: files are put into one
// whole or not at all, and taken from one within bounds, each exactly until it is
// dealt with. The channels that write files share its Sender: what a message becomes
// is theirs, how it gets into the folder and what the attempt comes to is here.
//
// Whoever shares the folder is not trusted: names never leave it (os.Root), links
// and pipes are not followed, and a file that grows is cut off by its bound.
//
// Nothing stays in a folder to be looked at for ever. A name is claimed by renaming it
// into claimed/, which of several readers one alone can; until when it is his and how
// often it was tried stands in the new name, so a restart forgets neither. From there
// it goes to done/ or refused/, which lie within the folder, because a rename is atomic
// on one file system alone.
package spool
