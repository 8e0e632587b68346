package signature

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"

	"github.com/dunglas/httpsfv"
)

// maxHeader bounds each of the three signature headers, in bytes; ours take
// about 300.
const maxHeader = 4096

// covered returns the components that every signature covers, in our order.
func covered() []string {
	return []string{"@method", "@authority", "@path", "content-digest", "content-type", "idempotency-key"}
}

// base builds the signature base of RFC 9421, section 2.5. Components with
// parameters, and derived ones that we do not use, are refused.
func base(r *http.Request, params httpsfv.InnerList) ([]byte, error) {
	var b strings.Builder
	seen := map[string]bool{}
	for _, item := range params.Items {
		name, ok := item.Value.(string)
		if !ok || len(item.Params.Names()) > 0 {
			return nil, fmt.Errorf("component %v: parameters are not supported", item.Value)
		}
		if seen[name] {
			return nil, fmt.Errorf("component %q is there twice", name)
		}
		seen[name] = true
		value, err := component(r, name)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q: %s\n", name, value)
	}
	line, err := httpsfv.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("write signature parameters: %w", err)
	}
	b.WriteString(`"@signature-params": ` + line)
	return []byte(b.String()), nil
}

func component(r *http.Request, name string) (string, error) {
	switch name {
	case "@method":
		return r.Method, nil
	case "@authority":
		return Authority(r), nil
	case "@path":
		if p := r.URL.EscapedPath(); p != "" {
			return p, nil
		}
		return "/", nil
	}
	if strings.HasPrefix(name, "@") || name != strings.ToLower(name) {
		return "", fmt.Errorf("component %q is not supported", name)
	}
	values := r.Header.Values(name)
	if len(values) != 1 {
		return "", fmt.Errorf("header %s is there %d times, want once", name, len(values))
	}
	return strings.TrimSpace(values[0]), nil
}

// Authority returns the normalised authority of a request (RFC 9421, section
// 2.2.3): lower case, without the scheme's default port.
func Authority(r *http.Request) string {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	port := ":80"
	if r.TLS != nil || r.URL.Scheme == "https" {
		port = ":443"
	}
	return strings.TrimSuffix(strings.ToLower(host), port)
}

// contentDigest writes the Content-Digest header of a body (RFC 9530).
func contentDigest(body []byte) (string, error) {
	sum := sha256.Sum256(body)
	d := httpsfv.NewDictionary()
	d.Add("sha-256", httpsfv.NewItem(sum[:]))
	return httpsfv.Marshal(d)
}

// checkDigest reports whether a Content-Digest header has the sha-256 of body.
// Digests of other algorithms beside it are ignored.
func checkDigest(header string, body []byte) error {
	if len(header) > maxHeader {
		return fmt.Errorf("content-digest is longer than %d bytes", maxHeader)
	}
	d, err := httpsfv.UnmarshalDictionary([]string{header})
	if err != nil {
		return fmt.Errorf("read content-digest: %w", err)
	}
	m, _ := d.Get("sha-256")
	item, _ := m.(httpsfv.Item)
	given, ok := item.Value.([]byte)
	if !ok {
		return fmt.Errorf("content-digest has no sha-256")
	}
	if sum := sha256.Sum256(body); subtle.ConstantTimeCompare(sum[:], given) != 1 {
		return fmt.Errorf("content-digest is not that of the body")
	}
	return nil
}
