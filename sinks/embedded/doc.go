// Package embedded owns the ClickHouse server that haltwire can carry inside
// itself, for the demo, for trials and for tests: the real engine, a shared
// library, run in a child process of the same binary.
//
// It must not know tables or rows: it gives an address, a user and a password.
//
// The child is the binary re-executed with an environment variable that main
// (and TestMain) hand to ChildMain before anything else. It opens the library,
// which then listens on 127.0.0.1 and reads its standard input until that ends.
// The parent alone holds the other end of that pipe, so the child ends with its
// parent however that ends, kill -9 included.
//
// The engine's starter works as user default without a password. That user is
// therefore reduced to what starting takes. Known limit: starting takes
// the right to read files, which cannot be narrowed here, so every local account
// that reaches the port can read, as default, the files that this process can
// read. Tables and other hosts are closed to it. On a shared machine use a real
// server. Work is done as user haltwire, whose
// password is made anew at each start and never leaves the parent's memory but
// as a hash in a file that only its owner may read.
package embedded
