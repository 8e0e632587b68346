package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// errBlocked marks a dial to an address that is not public.
var errBlocked = errors.New("address is not public")

// reserved lists what netip does not name itself: "this network", shared
// address space of carriers, protocol assignments, documentation,
// benchmarking, class E, and the IPv6 ranges that embed IPv4 addresses or lead
// nowhere (IANA special-purpose registries, RFC 6890).
func reserved() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
		"2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// guard returns the dialer's Control: it refuses addresses that are not public.
// It runs after resolution, for each address that is really dialled.
func guard() func(network, address string, _ syscall.RawConn) error {
	blocked := reserved()
	return func(network, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("dial %s %s: %w", network, address, errBlocked)
		}
		if !public(ap.Addr(), blocked) {
			return fmt.Errorf("dial %s: %w", ap.Addr(), errBlocked)
		}
		return nil
	}
}

func public(a netip.Addr, blocked []netip.Prefix) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range blocked {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
