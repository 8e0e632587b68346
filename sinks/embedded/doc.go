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
// reduced to what starting takes: to open and close ports. Tables, files and
// other hosts are closed to it. Work is done as user haltwire, which may do all
// but read and write files; its password is made anew at each start and never
// leaves the parent's memory but as a hash in a file that only its owner may
// read.
//
// 2026-11-24: grants are not enough, because the function file() asks for none in
// an engine started this way. On Linux the child therefore gives up, by Landlock
// and before it opens the library, every file but those below Options.Dir and
// what any program reads of the system; its environment holds no secrets. Known
// limits: whoever reaches the port can read single files below Options.Dir
// whose names he knows, and close the ports. Without Landlock (Confinable) he can
// read what this process can read. On a shared machine use a real server.
package embedded
