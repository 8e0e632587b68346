// Package manual owns the channel of kind manual: each message as a printable export
// that an officer carries over by hand, by a secure web portal or by post. It writes
// three files into a folder: the frozen bytes as they are (.json), and the same for
// people as text (.txt) and as PDF.
//
// Everything in the exports comes from the frozen body, so nothing is in them that the
// policy did not let out. It must not know the case log, queues or policy. That a
// message was transmitted, and what the party answered, officers record at the desk.
//
// # Decisions
//
// 2026-11-24: the same body gives the same bytes everywhere: the moment in the PDF is
// the message's own, and nothing is drawn at random. A second attempt therefore finds
// its files and leaves them alone.
//
// 2026-11-24: what a font has no sign for is printed as its code point, [U+0639], in
// the PDF; the text file has it as it is. Signs that steer a display (bidirectional
// overrides, controls) are printed as code points in both: they could make a name or a
// sum read as another one.
package manual
