//go:build vectors

package desk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVectorRecallDrafts holds what a desk puts into a bank's folder against the
// schemas of ISO 20022.
func TestVectorRecallDrafts(t *testing.T) {
	w := newRecallWorld(t, "", nil)
	n := 0
	w.play(t, func(name, text string) {
		_, document, _ := strings.Cut(text, "</AppHdr>")
		document = strings.TrimSuffix(strings.TrimSpace(document), "</BusMsg>")
		path := filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "iso20022", "xsd", "pyiso20022", "camt.056.001.08.xsd")
		cmd := exec.Command("xmllint", "--noout", "--nonet", "--schema", path, "-")
		cmd.Stdin = strings.NewReader(document)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", name, err, out, document)
		}
		n++
	})
	if n != 2 {
		t.Errorf("%d drafts were checked", n)
	}
}
