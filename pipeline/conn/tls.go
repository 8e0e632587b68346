package conn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// TLS says whether and how a connection is encrypted. The zero value is a
// plain connection.
type TLS struct {
	Enabled bool `yaml:"enabled"`
	// CA is a PEM file with the authorities to trust; empty means those of the
	// system.
	CA string `yaml:"ca"`
	// Cert and Key are PEM files of our own certificate, for servers that ask
	// for one. Both or neither.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Validate reports settings that contradict one another. It opens no file.
func (t TLS) Validate() error {
	if (t.Cert == "") != (t.Key == "") {
		return errors.New("tls: cert and key belong together: give both or neither")
	}
	if !t.Enabled && (t.CA != "" || t.Cert != "") {
		return errors.New("tls: ca, cert and key have no effect without enabled: true")
	}
	return nil
}

// Under returns the settings with relative paths resolved against dir.
func (t TLS) Under(dir string) TLS {
	t.CA, t.Cert, t.Key = under(dir, t.CA), under(dir, t.Cert), under(dir, t.Key)
	return t
}

// Client reads the files and returns the client's settings, TLS 1.2 at least,
// or nil when TLS is not enabled.
func (t TLS) Client() (*tls.Config, error) {
	if err := t.Validate(); err != nil || !t.Enabled {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		text, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("read tls ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("read tls ca: %s holds no PEM certificate", t.CA)
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("read tls cert and key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func under(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
