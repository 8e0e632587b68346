package clickhouse_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

// TestWire inserts and reads back over every kind of connection.
func TestWire(t *testing.T) {
	address := enginetest.Start(t)
	plain := configured(t, address, "wire")
	secure := plain
	secure.TLS.Enabled = true
	secure.Addresses, secure.TLS.CA = encrypted(t, address.Native)
	stranger := secure
	stranger.TLS.CA = ""
	if err := clickhouse.Migrate(t.Context(), stranger, options()); err == nil {
		t.Error("a server that no authority knows was trusted")
	}
	for i, kind := range []struct {
		name     string
		config   clickhouse.Config
		compress bool
	}{{"plain", plain, false}, {"lz4", plain, true}, {"tls", secure, false}, {"tls and lz4", secure, true}} {
		t.Run(kind.name, func(t *testing.T) {
			s := open(t, kind.config, event.Default())
			if kind.compress {
				clickhouse.Compress(s)
			}
			rows := make([]row, 3000)
			for r := range rows {
				rows[r] = transfer(i*len(rows) + r)
			}
			insert(t, s, newWriter(event.Default()).batch(rows...), fmt.Sprint("t/0/", i))
			if got := ask(t, kind.config, "SELECT count() FROM v_reports"); got != fmt.Sprint(3000*(i+1)) {
				t.Errorf("%s rows", got)
			}
		})
	}
}

// encrypted serves TLS in front of target until the test ends and returns its
// address and the file of its authority.
func encrypted(t *testing.T, target string) (addresses []string, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() { join(in, target) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wait.Wait()
	})
	return []string{l.Addr().String()}, ca
}

// join copies between in and a connection to target until either ends.
func join(in net.Conn, target string) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	var wait sync.WaitGroup
	wait.Go(func() {
		_, _ = io.Copy(out, in)
		_ = out.Close()
	})
	_, _ = io.Copy(in, out)
	_ = in.Close()
	wait.Wait()
}

// TestRowFaults names codes that blame a row and codes that must never do so: a
// wrong one of the second kind sends good reports to the dead letters.
func TestRowFaults(t *testing.T) {
	for code, want := range map[proto.Error]bool{
		proto.ErrViolatedConstraint: true, proto.ErrFunctionThrowIfValueIsNonZero: true, proto.ErrDecimalOverflow: true,
		proto.ErrUnknownTable: false, proto.ErrNoSuchColumnInTable: false, proto.ErrTypeMismatch: false,
		proto.ErrTooManyParts: false, proto.ErrMemoryLimitExceeded: false, proto.ErrTimeoutExceeded: false,
		proto.ErrAuthenticationFailed: false, proto.ErrReadonly: false, proto.ErrUnknownSetting: false,
		proto.ErrNotEnoughSpace: false, proto.ErrIncorrectData: false, proto.ErrQueryWasCancelled: false, 99999: false,
	} {
		if clickhouse.RowFault(code) != want {
			t.Errorf("code %d blames the row: %v", code, !want)
		}
	}
}
