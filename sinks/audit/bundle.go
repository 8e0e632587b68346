package audit

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Schema is the schema of a bundle's manifest.
const Schema = "haltwire.audit.bundle/1"

// Bounds of a bundle: an alert has at most some hundred messages of 1 MiB.
const (
	maxFiles  = 2000
	maxFile   = 2 << 20
	maxBundle = 256 << 20
)

// Message is one message that a bundle proves: the record that froze it or took it in,
// and its bytes.
type Message struct {
	ID     string
	Record Record
	Body   []byte // JSON, or the JWS of a receipt
}

// Proof is what a manifest says of one message.
type Proof struct {
	MessageID  string           `json:"message_id"`
	File       string           `json:"file"`
	Checkpoint string           `json:"checkpoint"` // file
	Index      int64            `json:"index"`      // of the record in its partition's tree
	Record     Shown            `json:"record"`
	Path       tlog.RecordProof `json:"path"` // hashes up to the root
}

// Manifest is the table of contents of a bundle.
type Manifest struct {
	Schema    string  `json:"schema"`
	Log       string  `json:"log"`      // party that keeps the log
	Party     string  `json:"party"`    // party that the messages were exchanged with
	AlertID   string  `json:"alert_id"` //
	Verifier  string  `json:"verifier"` // key of the log's party, as a signed note wants it
	Messages  []Proof `json:"messages"`
	Unproven  int     `json:"unproven,omitempty"` // messages younger than the last checkpoint, left out
	Generated string  `json:"generated"`
}

// shown are the members of a record that a bundle shows; whatever else an event says
// stays hidden: who approved, our reasons, other alerts.
func shown(name string) bool {
	return slices.Contains([]string{
		"partition", "offset", "appended", "specversion", "id", "source", "type", "time",
		"data.alert_id", "data.message_id", "data.sequence", "data.type", "data.party", "data.environment", "data.digest", "data.in_reply_to",
		"data.received_at", "data.receipt_of", "data.level", "data.outcome_of", "data.as_of",
	}, name)
}

// Bundle writes what proves messages to a party, and returns its table of contents. The
// checkpoints are signed ones, by partition, the newest that holds; messages beyond them
// are counted and left out.
func (l *Log) Bundle(w io.Writer, m Manifest, messages []Message, checkpoints map[int32][]byte) (Manifest, error) {
	v, err := VerifierKey(l.opt.Party, l.opt.Key.Public())
	if err != nil {
		return m, err
	}
	m.Schema, m.Log, m.Verifier, m.Messages = Schema, l.opt.Party, v, []Proof{}
	files := map[string][]byte{}
	for _, x := range messages {
		p, proven, err := l.prove(x, checkpoints[x.Record.Partition], v)
		if err != nil {
			return m, fmt.Errorf("prove message %s: %w", x.ID, err)
		}
		if !proven {
			m.Unproven++
			continue
		}
		m.Messages = append(m.Messages, p)
		files[p.File] = x.Body
		files[p.Checkpoint] = checkpoints[x.Record.Partition]
	}
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, fmt.Errorf("write bundle: %w", err)
	}
	files["manifest.json"], files["README.txt"], files["verifier.txt"] = manifest, []byte(readme(m)), []byte(v+"\n")
	return m, writeZip(w, files)
}

func (l *Log) prove(x Message, checkpoint []byte, verifier string) (Proof, bool, error) {
	if checkpoint == nil {
		return Proof{}, false, nil
	}
	c, err := OpenCheckpoint(checkpoint, verifier)
	if err != nil {
		return Proof{}, false, err
	}
	t := l.trees[x.Record.Partition]
	n, err := t.Find(x.Record.Offset)
	if err != nil {
		return Proof{}, false, err
	}
	if n >= c.Size {
		return Proof{}, false, nil
	}
	p := Proof{MessageID: x.ID, File: "messages/" + fileName(x), Checkpoint: fmt.Sprintf("checkpoints/%05d.txt", c.Partition), Index: n, Record: Show(x.Record, l.opt.Salts, shown)}
	p.Path, err = t.Prove(c.Size, n)
	return p, true, err
}

// fileName returns the name of a message's file; ids of messages are letters, digits
// and hyphens.
func fileName(m Message) string {
	if bytes.HasPrefix(bytes.TrimSpace(m.Body), []byte("{")) {
		return m.ID + ".json"
	}
	return m.ID + ".jws"
}

func readme(m Manifest) string {
	return fmt.Sprintf(`Proof of messages between %[1]s and %[2]s about alert %[3]s.

Each file in messages/ is a message byte by byte. manifest.json says for each where the
record of it lies in the log of %[1]s: the shown members of the record, 32 bytes for each
hidden one, and the hashes from its leaf to the root of the signed checkpoint.

To check all of it:

    haltwire audit verify --bundle FILE.zip [--keys JWKS of %[1]s]

Without haltwire: the digest in the record (data.digest.value) is the SHA-256 of the
message. The commitment to a shown member is the SHA-256 of its salt (16 bytes), name, a
zero byte and value. The leaf is the line "haltwire audit leaf 1" with
its line feed and then all commitments, sorted. Leaf and path hash as in RFC 6962, and
the checkpoint is a signed note (C2SP signed-note, tlog-checkpoint) by the key in
verifier.txt: compare that key with what %[1]s has published, or nothing is proven.
`, m.Log, m.Party, m.AlertID)
}

func writeZip(w io.Writer, files map[string][]byte) error {
	z := zip.NewWriter(w)
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f, err := z.Create(name)
		if err == nil {
			_, err = f.Write(files[name])
		}
		if err != nil {
			return fmt.Errorf("write bundle: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}

// Verdict is what a bundle proves.
type Verdict struct {
	Manifest Manifest `json:"manifest"`
	// Trusted says that the key was one of those that the caller trusts; otherwise the
	// bundle vouches for itself.
	Trusted bool     `json:"trusted"`
	Proven  []string `json:"proven"` // message ids
}

// VerifyBundle checks a bundle of size bytes. trusted are verifier keys of the party
// that the caller has from elsewhere; without any, the key in the bundle is taken and
// Verdict.Trusted is false.
func VerifyBundle(r io.ReaderAt, size int64, trusted ...string) (*Verdict, error) {
	files, err := readZip(r, size)
	if err != nil {
		return nil, err
	}
	v := &Verdict{}
	d := json.NewDecoder(bytes.NewReader(files["manifest.json"]))
	d.DisallowUnknownFields()
	if err := d.Decode(&v.Manifest); err != nil {
		return nil, fmt.Errorf("read manifest.json: %w", err)
	}
	if v.Manifest.Schema != Schema {
		return nil, fmt.Errorf("read manifest.json: schema %q, want %q", v.Manifest.Schema, Schema)
	}
	keys := trusted
	if v.Trusted = len(trusted) > 0; !v.Trusted {
		keys = []string{v.Manifest.Verifier}
	}
	for _, p := range v.Manifest.Messages {
		if err := p.check(v.Manifest, files, keys); err != nil {
			return nil, fmt.Errorf("message %s: %w", p.MessageID, err)
		}
		v.Proven = append(v.Proven, p.MessageID)
	}
	if err := unlisted(files, v.Manifest); err != nil {
		return nil, err
	}
	return v, nil
}

// check verifies one message from its bytes to the signature.
func (p Proof) check(m Manifest, files map[string][]byte, keys []string) error {
	body, ok := files[p.File]
	if !ok {
		return fmt.Errorf("%s is missing", p.File)
	}
	c, err := OpenCheckpoint(files[p.Checkpoint], keys...)
	if err != nil {
		return err
	}
	if c.Log != m.Log {
		return fmt.Errorf("the checkpoint is of %s, not of %s", c.Log, m.Log)
	}
	leaf, err := p.Record.Leaf()
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(p.Path, c.Size, c.Root, p.Index, leaf); err != nil {
		return fmt.Errorf("its record is not in the log that was signed: %w", err)
	}
	var digest struct {
		Alg   string `json:"alg"`
		Value string `json:"value"`
	}
	if err := json.Unmarshal(p.Record.Raw("data.digest"), &digest); err != nil || digest.Alg != "sha-256" {
		return errors.New("its record shows no sha-256 digest")
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != digest.Value {
		return errors.New("its bytes are not those that the log has the digest of")
	}
	for name, want := range map[string]string{"data.message_id": p.MessageID, "data.alert_id": m.AlertID, "data.party": m.Party} {
		if got := p.Record.Text(name); got != want {
			return fmt.Errorf("its record has %s %q, the manifest says %q", strings.TrimPrefix(name, "data."), got, want)
		}
	}
	return nil
}

// unlisted reports a file that nothing vouches for.
func unlisted(files map[string][]byte, m Manifest) error {
	known := map[string]bool{"manifest.json": true, "README.txt": true, "verifier.txt": true}
	for _, p := range m.Messages {
		known[p.File], known[p.Checkpoint] = true, true
	}
	for name := range files {
		if !known[name] {
			return fmt.Errorf("%s is in the bundle and proven by nothing", name)
		}
	}
	return nil
}

// readZip reads a bundle's files within bounds; nothing is written anywhere.
func readZip(r io.ReaderAt, size int64) (map[string][]byte, error) {
	if size > maxBundle {
		return nil, fmt.Errorf("read bundle: larger than %d bytes", maxBundle)
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	if len(z.File) > maxFiles {
		return nil, fmt.Errorf("read bundle: %d files, at most %d", len(z.File), maxFiles)
	}
	files := map[string][]byte{}
	var total int64
	for _, f := range z.File {
		if _, twice := files[f.Name]; twice || !f.Mode().IsRegular() || !isLocal(f.Name) {
			return nil, fmt.Errorf("read bundle: file name %q is not one of a bundle, or stands twice", f.Name)
		}
		text, err := readFile(f)
		if err != nil {
			return nil, err
		}
		if total += int64(len(text)); total > maxBundle {
			return nil, fmt.Errorf("read bundle: more than %d bytes", maxBundle)
		}
		files[f.Name] = text
	}
	return files, nil
}

// isLocal reports whether a name is a plain path inside a bundle.
func isLocal(name string) bool {
	return filepath.IsLocal(name) && path.Clean(name) == name && !strings.Contains(name, `\`)
}

func readFile(f *zip.File) ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("read %q of bundle: %w", f.Name, err)
	}
	defer in.Close()
	limit := int64(maxFile)
	if f.Name == "manifest.json" {
		limit = 16 * maxFile // a proof of each of many messages
	}
	text, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %q of bundle: %w", f.Name, err)
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("read %q of bundle: more than %d bytes", f.Name, limit)
	}
	return text, nil
}

// BundleOf returns the party whose log a bundle says that it is of; nothing is
// verified.
func BundleOf(r io.ReaderAt, size int64) (string, error) {
	files, err := readZip(r, size)
	if err != nil {
		return "", err
	}
	var m Manifest
	if err := json.Unmarshal(files["manifest.json"], &m); err != nil {
		return "", fmt.Errorf("read manifest.json: %w", err)
	}
	return m.Log, nil
}
