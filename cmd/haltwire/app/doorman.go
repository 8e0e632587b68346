package app

import (
	"net"
	"net/netip"
	"sync"
)

const (
	// maxConns bounds the connections of a listener: each takes a file, and some 20 KiB
	// while it is asked something.
	maxConns = 4096
	// maxOfAddress bounds those of one address. A proxy in front of us is one address;
	// it keeps fewer than that.
	maxOfAddress = 1024
)

// doorman is a listener, below TLS, that hangs up on connections above its bounds, so that
// strangers who hold many of them keep nobody else out.
type doorman struct {
	net.Listener
	most, share int

	mu  sync.Mutex
	all int
	by  map[netip.Addr]int
}

func newDoorman(l net.Listener, most, share int) *doorman {
	return &doorman{Listener: l, most: most, share: share, by: map[netip.Addr]int{}}
}

// Accept returns the next connection that is within the bounds.
func (d *doorman) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := origin(c)
		if d.enter(from) {
			return &visit{Conn: c, leave: sync.OnceFunc(func() { d.leave(from) })}, nil
		}
		_ = c.Close() // its peer sees that it is not served
	}
}

func (d *doorman) enter(from netip.Addr) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all >= d.most || d.by[from] >= d.share {
		return false
	}
	d.all++
	d.by[from]++
	return true
}

func (d *doorman) leave(from netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all--
	if d.by[from]--; d.by[from] == 0 {
		delete(d.by, from)
	}
}

// origin is the address that a connection comes from. Who has an IPv6 network has all
// of its /64: that counts as one.
func origin(c interface{ RemoteAddr() net.Addr }) netip.Addr {
	ap, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	a := ap.Addr().Unmap().WithZone("")
	if a.Is4() {
		return a
	}
	network, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return network.Addr()
}

// visit is a connection that is counted until it is closed.
type visit struct {
	net.Conn
	leave func()
}

// Close closes the connection and makes room for another.
func (v *visit) Close() error {
	v.leave()
	return v.Conn.Close()
}

// CloseWrite ends what is written while the peer may still be read from.
func (v *visit) CloseWrite() error {
	if c, ok := v.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}
