//go:build vectors

package scenario_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/cmd/haltwire/scenario"
)

// validate holds a draft against the published schema.
func validate(t *testing.T, name, text string) {
	t.Helper()
	_, document, _ := strings.Cut(text, "</AppHdr>")
	document = strings.TrimSuffix(strings.TrimSpace(document), "</BusMsg>")
	path := filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "iso20022", "xsd", "pyiso20022", "camt.056.001.08.xsd")
	cmd := exec.Command("xmllint", "--noout", "--nonet", "--schema", path, "-")
	cmd.Stdin = strings.NewReader(document)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s\n%s", name, err, out, document)
	}
}

// TestVectorDraftsOfTheStory plays until the victim's bank has its drafts.
func TestVectorDraftsOfTheStory(t *testing.T) {
	w := newTester(t, scenario.Options{})
	w.start()
	w.play(nil, "1", "2", "3", "4", "5", "6")
	w.step6()
}
