//go:build vectors

package goaml_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/haltwire/haltwire/sinks/party/goaml"
)

func vectors(t *testing.T, pattern string, least int) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "goaml", pattern))
	if err != nil || len(files) < least {
		t.Fatalf("set HALTWIRE_VECTORS to the folder of vectors: %d of %s, want %d, %v", len(files), pattern, least, err)
	}
	return files
}

// TestVectorReportsAreValid holds every report of testdata, written and read,
// against the schema of goAML 5.0.2 (the copy whose patterns XSD 1.0 accepts).
func TestVectorReportsAreValid(t *testing.T) {
	schema := vectors(t, "vyttah/src_main_resources_xsd_goaml_5.0.2_goAMLSchema.xsd", 1)[0]
	check := func(name string, text []byte) {
		cmd := exec.Command("xmllint", "--noout", "--nonet", "--schema", schema, "-")
		cmd.Stdin = bytes.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", name, err, out, text)
		}
	}
	for name, r := range reports() {
		for _, support := range []string{"5.0", "5.2"} {
			for _, user := range []string{"", "desk-1"} {
				c := config()
				c.Support = support
				if user != "" {
					c.UserCode, c.Person = user, goaml.Person{}
				}
				text, err := goaml.Report(c, r)
				if err != nil {
					t.Fatal(err)
				}
				check(name, text)
			}
		}
	}
	answer, err := os.ReadFile("testdata/answer.xml")
	if err != nil {
		t.Fatal(err)
	}
	check("answer", answer)
}

// TestVectorReportsOfOthersAreRead reads the ten valid reports of another
// implementation, and finds what each is about.
func TestVectorReportsOfOthersAreRead(t *testing.T) {
	files := append(vectors(t, "vyttah/golden/*.xml", 7), vectors(t, "vyttah/samples/*.xml", 3)...)
	accounts, parties := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		in, err := goaml.Read(config(), text)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if in.Reference == "" || in.At.IsZero() || in.Currency != "AED" || len(in.Indicators) == 0 {
			t.Errorf("%s: %+v", file, in)
		}
		for _, tx := range in.Transactions {
			if len(tx.Parties) < 2 || tx.Local.Sign() <= 0 {
				t.Errorf("%s: %+v", file, tx)
			}
			in.Parties = append(in.Parties, tx.Parties...)
		}
		for _, p := range in.Parties {
			parties++
			if p.Account != nil {
				accounts++
			}
		}
	}
	t.Logf("%d reports, %d parties, %d accounts", len(files), parties, accounts)
	if parties < 10 {
		t.Errorf("only %d parties in %d reports", parties, len(files))
	}
}
