package audit_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/audit"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// bundle writes a bundle of the first messages of partition 1.
func (w *world) bundle(t *testing.T, n int64) []byte {
	t.Helper()
	var messages []audit.Message
	for i := range n {
		messages = append(messages, audit.Message{ID: freeze.RequesterID(alertID, uint32(i+1)), Record: record(t, 1, i), Body: body(i)}) //nolint:gosec // small
	}
	newest := map[int32][]byte{}
	for _, signed := range w.checkpoints {
		c, err := audit.OpenCheckpoint(signed, w.verifier)
		must(t, err)
		newest[c.Partition] = signed
	}
	var out bytes.Buffer
	m, err := w.log.Bundle(&out, audit.Manifest{Party: "GB-FIU", AlertID: alertID, Generated: "2026-03-02T05:00:00Z"}, messages, newest)
	must(t, err)
	if len(m.Messages)+m.Unproven != len(messages) {
		t.Errorf("%d proven and %d not, of %d", len(m.Messages), m.Unproven, len(messages))
	}
	return out.Bytes()
}

func check(text []byte, trusted ...string) (*audit.Verdict, error) {
	return audit.VerifyBundle(bytes.NewReader(text), int64(len(text)), trusted...)
}

func TestStrangerVerifiesBundle(t *testing.T) {
	w := newWorld(t, 3, 4)
	text := w.bundle(t, 7)
	for _, trusted := range [][]string{{w.verifier}, nil} {
		v, err := check(text, trusted...)
		if err != nil || len(v.Proven) != 7 || v.Trusted != (trusted != nil) || v.Manifest.Log != "IN-FIU" {
			t.Errorf("verdict %+v %v", v, err)
		}
	}
	for _, secret := range []string{"OFFICER", "sealed", "approval"} {
		for name, file := range unzip(t, text) {
			if strings.Contains(file, secret) {
				t.Errorf("%s tells %q", name, secret)
			}
		}
	}
	w.log.Append(record(t, 1, 7))
	v, err := check(w.bundle(t, 8), w.verifier)
	if err != nil || len(v.Proven) != 7 || v.Manifest.Unproven != 1 {
		t.Errorf("a message that no checkpoint covers: %+v %v", v, err)
	}
}

func unzip(t *testing.T, text []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	must(t, err)
	out := map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		must(t, err)
		var b bytes.Buffer
		_, err = b.ReadFrom(in)
		must(t, err)
		out[f.Name] = b.String()
	}
	return out
}

func rezip(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range files {
		f, err := z.Create(name)
		must(t, err)
		_, err = f.Write([]byte(text))
		must(t, err)
	}
	must(t, z.Close())
	return out.Bytes()
}

// TestForgedBundles changes a bundle in every way that its bearer could.
func TestForgedBundles(t *testing.T) {
	w := newWorld(t, 3)
	other := newWorld(t, 3)
	text := w.bundle(t, 3)
	first := "messages/" + freeze.RequesterID(alertID, 1) + ".json"
	second := "messages/" + freeze.RequesterID(alertID, 2) + ".json"
	edit := func(change func(*audit.Manifest)) func(map[string]string) {
		return func(files map[string]string) {
			var m audit.Manifest
			must(t, json.Unmarshal([]byte(files["manifest.json"]), &m))
			change(&m)
			out, err := json.Marshal(m)
			must(t, err)
			files["manifest.json"] = string(out)
		}
	}
	for want, change := range map[string]func(map[string]string){
		"its bytes are not those":          func(f map[string]string) { f[first] += " " },
		"its bytes are not those that":     func(f map[string]string) { f[first], f[second] = f[second], f[first] },
		"is missing":                       func(f map[string]string) { delete(f, first) },
		"proven by nothing":                func(f map[string]string) { f["messages/X.json"] = "{}" },
		"open checkpoint":                  func(f map[string]string) { f["checkpoints/00001.txt"] = string(other.checkpoints[1]) },
		"not in the log that was signed":   edit(func(m *audit.Manifest) { m.Messages[0].Index++ }),
		"not in the log that was signed: ": edit(func(m *audit.Manifest) { m.Messages[0].Record.Members[0].Value = `"x"` }),
		"in the log":                       edit(func(m *audit.Manifest) { m.Messages[0].Record.Hidden = m.Messages[0].Record.Hidden[1:] }),
		"the manifest says":                edit(func(m *audit.Manifest) { m.Party = "AE-FIU" }),
		"is of IN-FIU, not of":             edit(func(m *audit.Manifest) { m.Log = "US-FIU" }),
		"a salt of 0 bytes":                edit(func(m *audit.Manifest) { m.Messages[0].Record.Members[0].Salt = nil }),
		"schema":                           edit(func(m *audit.Manifest) { m.Schema = "x" }),
		"unknown field":                    func(f map[string]string) { f["manifest.json"] = `{"x":1}` },
		"file name":                        func(f map[string]string) { f["../../etc/passwd"] = "x" },
		`file name "/`:                     func(f map[string]string) { f["/etc/passwd"] = "x" },
		`file name "a\\b"`:                 func(f map[string]string) { f[`a\b`] = "x" },
		"more than 2097152 bytes":          func(f map[string]string) { f[first] = strings.Repeat("0", 40<<20) }, // 40 kB when packed
	} {
		files := unzip(t, text)
		change(files)
		if v, err := check(rezip(t, files), w.verifier); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %+v %v", want, v, err)
		}
	}
	if _, err := check(text, other.verifier); err == nil {
		t.Error("the key of another party verifies it")
	}
	if _, err := check(text[:len(text)/2], w.verifier); err == nil {
		t.Error("half a bundle verifies")
	}
}

func FuzzBundle(f *testing.F) {
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if v, err := check(text); err == nil && len(v.Proven) > 0 {
			t.Errorf("proves %v", v.Proven)
		}
	})
}
