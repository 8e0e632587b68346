package app_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestPartiesFetchWhatIsPublished starts haltwire with a party that has no wire of its
// own: it logs in where partners reach us, without keys, and nobody else does.
func TestPartiesFetchWhatIsPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"any": proofRule})
	w.write("keys/gb.taxii", "a secret of the British desk\n")
	w.write("haltwire.yaml", worldConfig+`
taxii: {title: Freeze desk of IN}
parties:
  - id: GB-FIU
    name: FIU of the UK
    kind: fiu
    country: GB
    channels: [{kind: taxii, user: gb, secret_file: keys/gb.taxii}]
    policy: {profile: bilateral, asks: [trace], texts: {requester_basis: {code: MOU, text: Memorandum}, background: b, reason: r, nexus: n, intended_use: i}}
`)
	w.begin()
	for secret, want := range map[string]int{"a secret of the British desk": http.StatusOK, "a secret of somebody else": http.StatusUnauthorized, "": http.StatusUnauthorized} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+w.app.PartnerAddress()+"/taxii2/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "application/taxii+json;version=2.1")
		r.SetBasicAuth("gb", secret)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want || want == http.StatusOK && !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/taxii+json") {
			t.Errorf("with %q: %s", secret, resp.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if strings.Contains(w.log.String(), "a secret of the British desk") {
		t.Error("the log has the secret")
	}
}
