package webhook_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/webhook"
)

func TestGuardKnowsPublicAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"9.9.9.9": true, "1.1.1.1": true, "172.32.0.1": true, "2606:4700::1111": true, "100.128.0.1": true,
		"127.0.0.1": false, "127.8.8.8": false, "0.0.0.0": false, "10.1.2.3": false, "172.16.0.1": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "100.127.255.255": false,
		"192.0.0.192": false, "198.18.0.1": false, "192.0.2.1": false, "198.51.100.1": false, "203.0.113.9": false,
		"224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd00:ec2::254": false,
		"ff02::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:9.9.9.9": true, "::7f00:1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false, "2001::1": false, "fec0::1": false,
	} {
		err := webhook.Guard("tcp", net.JoinHostPort(address, "443"), nil)
		if (err == nil) != want || err != nil && !errors.Is(err, webhook.ErrBlocked) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := webhook.Guard("tcp", "localhost:443", nil); err == nil {
		t.Error("a name reached the dialer's control and passed")
	}
}

// resolver answers every A question with the given address, over a DNS server
// of its own on the loopback.
func resolver(t *testing.T, answer [4]byte) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply, err := dns(buf[:n], answer); err == nil {
				_, _ = server.WriteTo(reply, from)
			}
		}
	}()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

func dns(query []byte, answer [4]byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	for _, q := range m.Questions {
		if q.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
				Body:   &dnsmessage.AResource{A: answer},
			})
		}
	}
	return m.Pack()
}

func TestSendDialsNoPrivateAddressWhateverDNSSays(t *testing.T) {
	called := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer server.Close()
	port := server.Listener.Addr().(*net.TCPAddr).Port
	dns := resolver(t, [4]byte{127, 0, 0, 1})
	for _, url := range []string{
		fmt.Sprintf("https://gb.example:%d/", port), fmt.Sprintf("https://127.0.0.1:%d/", port),
		fmt.Sprintf("https://[::ffff:127.0.0.1]:%d/", port), "https://169.254.169.254/latest/meta-data", "https://[::1]/", "https://10.0.0.1/",
	} {
		s := sender(t, keys(t), webhook.Config{URL: url}, func(o *webhook.Options) { o.Resolver = dns })
		r := s.Send(context.Background(), delivery.Attempt{MessageID: messageID, Body: message(t)})
		if r.Verdict != delivery.Retry || r.Reason != "blocked_address" || !r.Fault {
			t.Errorf("%s: %+v", url, r)
		}
	}
	if called {
		t.Fatal("a private address was reached")
	}
}

// TestSendFollowsNoRedirect: the target would answer with a good receipt.
func TestSendFollowsNoRedirect(t *testing.T) {
	k, body := keys(t), message(t)
	called := false
	target := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		called = true
		jose(w, 200, seal(t, k.theirs, freeze.LevelReceived, body, nil))
	})
	for _, status := range []int{301, 302, 303, 307, 308} {
		url := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, status) })
		r := sender(t, k, local(url), nil).Send(context.Background(), delivery.Attempt{MessageID: messageID, Body: body})
		if r.Verdict != delivery.Retry || r.Reason != "redirect" || !r.Fault || r.Status != status {
			t.Errorf("%d: %+v", status, r)
		}
	}
	if called {
		t.Fatal("a redirect was followed")
	}
}

func TestSendOverMutualTLS(t *testing.T) {
	k, body := keys(t), message(t)
	dir := t.TempDir()
	pool, server := authority(t, dir)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) != 1 || r.TLS.Version < tls.VersionTLS12 {
			t.Errorf("client shows %d certificates", len(r.TLS.PeerCertificates))
		}
		jose(w, 200, seal(t, k.theirs, freeze.LevelReceived, body, nil))
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	defer s.Close()
	c := local(s.URL)
	c.TLS = webhook.TLS{CA: "ca.pem", Cert: "cert.pem", Key: "key.pem"}
	a := delivery.Attempt{MessageID: messageID, Body: body}
	if r := sender(t, k, c.Under(dir), nil).Send(context.Background(), a); r.Verdict != delivery.Delivered {
		t.Fatalf("with certificate: %+v", r)
	}
	c.TLS = webhook.TLS{CA: "ca.pem"}
	if r := sender(t, k, c.Under(dir), nil).Send(context.Background(), a); r.Verdict != delivery.Retry {
		t.Fatalf("without certificate: %+v", r)
	}
	c.TLS = webhook.TLS{}
	if r := sender(t, k, c, nil).Send(context.Background(), a); r.Verdict != delivery.Retry || r.Reason != "connect" {
		t.Fatalf("unknown authority: %+v", r)
	}
}

// authority writes a certificate for 127.0.0.1 that is its own authority, to
// ca.pem, cert.pem and key.pem.
func authority(t *testing.T, dir string) (*x509.CertPool, tls.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, data := range map[string][]byte{"ca.pem": cert, "cert.pem": cert, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return pool, pair
}
