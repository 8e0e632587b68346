package webhook

import "syscall"

// ErrBlocked is what Guard returns for an address that is not public.
var ErrBlocked = errBlocked

// Guard is the dialer's control.
func Guard(network, address string, c syscall.RawConn) error { return guard()(network, address, c) }
