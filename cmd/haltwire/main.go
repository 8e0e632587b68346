// Command haltwire carries fraud reports to freeze requests: see README.md.
package main

func main() {}
