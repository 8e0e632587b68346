package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/sinks/audit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/policy"
)

// Audit looks at a case log from outside, while haltwire runs or not. It reads Kafka
// and writes nothing.
type Audit struct {
	config *config.Config
	border *border
	names  topic.Names
}

// NewAudit reads the keys that c names.
func NewAudit(c *config.Config) (*Audit, error) {
	b, err := newBorder(c)
	if err != nil {
		return nil, err
	}
	return &Audit{config: c, border: b, names: topic.NamesOf(c.Kafka.Own.Prefix)}, nil
}

// each calls visit for every record that is on a topic now, in order within a
// partition and at the same time for different ones, until one fails.
func (a *Audit) each(ctx context.Context, name string, partitions int32, visit func(topic.Entry) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	tail, err := topic.Follow(a.config.Kafka.Config, name, nil, nil, func(e topic.Entry) {
		if context.Cause(ctx) != nil {
			return
		}
		if err := visit(e); err != nil {
			stop(err)
		}
	})
	if err != nil {
		return err
	}
	all := make([]int32, partitions)
	for i := range all {
		all[i] = int32(i) //nolint:gosec // partitions are int32
	}
	err = tail.Sync(ctx, all...)
	if failed := context.Cause(ctx); failed != nil {
		err = failed
	}
	return errors.Join(err, tail.Close())
}

// records is the case log as audit reads it.
func (a *Audit) records(ctx context.Context, record func(audit.Record) error) error {
	return a.each(ctx, a.names.Cases, a.config.Kafka.Own.CasePartitions, func(e topic.Entry) error {
		return record(audit.Record{Partition: e.Partition, Offset: e.Offset, Appended: e.Appended, Value: e.Value})
	})
}

func (a *Audit) checkpoints(ctx context.Context) ([][]byte, error) {
	var out [][]byte
	err := a.each(ctx, a.names.Checkpoints, 1, func(e topic.Entry) error {
		out = append(out, e.Value)
		return nil
	})
	return out, err
}

// Verifiers returns the keys that checkpoints may be signed with, as signed notes
// want them: ours, and with a JWKS file those in it.
func (a *Audit) Verifiers(jwks string) ([]string, error) {
	return verifiers(a.config.Party.ID, a.border.key, jwks)
}

func verifiers(party string, key signature.Key, jwks string) ([]string, error) {
	ours, err := audit.VerifierKey(party, key.Public())
	if err != nil || jwks == "" {
		return []string{ours}, err
	}
	more, err := VerifiersOf(party, jwks)
	return append(more, ours), err
}

// VerifiersOf returns the keys of a party in a JWKS file, as signed notes want them.
func VerifiersOf(party, jwks string) ([]string, error) {
	set, err := signature.LoadSet(jwks)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, public := range set.Keys() {
		v, err := audit.VerifierKey(party, public)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Verify reads the whole case log and compares it with every checkpoint. Keys that
// were in use before stand in the file jwks; "" = there are none.
func (a *Audit) Verify(ctx context.Context, jwks string) (*audit.Report, error) {
	signed, err := a.checkpoints(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := a.Verifiers(jwks)
	if err != nil {
		return nil, err
	}
	kept, done := a.kept()
	defer done()
	return audit.Verify(ctx, a.records, audit.VerifyOptions{
		Party: a.config.Party.ID, Partitions: a.config.Kafka.Own.CasePartitions, Salts: a.border.root, Verifiers: keys, Checkpoints: signed, Kept: kept,
	})
}

// kept opens the trees that the instance of this config keeps, where there are any;
// done closes them.
func (a *Audit) kept() (tree func(int32) *audit.Tree, done func()) {
	var opened []*audit.Tree
	tree = func(p int32) *audit.Tree {
		t, err := audit.ReadTree(filepath.Join(a.config.State.Dir, "audit"), p)
		if err != nil {
			return nil // another machine's: then the range is known, not the record
		}
		opened = append(opened, t)
		return t
	}
	return tree, func() {
		for _, t := range opened {
			_ = t.Close() // read only
		}
	}
}

// Bundle writes what proves the messages of one alert to its party. An id may be
// shortened as long as one alert begins so.
func (a *Audit) Bundle(ctx context.Context, alert string, w io.Writer) (audit.Manifest, error) {
	dir, err := os.MkdirTemp("", "haltwire-bundle-")
	if err != nil {
		return audit.Manifest{}, fmt.Errorf("make bundle: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	log, err := audit.Open(audit.Options{Dir: dir, Party: a.config.Party.ID, Partitions: a.config.Kafka.Own.CasePartitions, Salts: a.border.root, Key: a.border.key})
	if err != nil {
		return audit.Manifest{}, err
	}
	defer func() { _ = log.Close() }() // it is thrown away
	found := &exchange{of: strings.ToUpper(alert), subjects: map[caselog.Key]*apply.Subject{}}
	if err := a.records(ctx, func(r audit.Record) error {
		log.Append(r)
		found.note(r)
		return nil
	}); err != nil {
		return audit.Manifest{}, err
	}
	machine := apply.Machine{Root: a.border.root}
	if err := a.records(ctx, func(r audit.Record) error {
		found.take(machine, r)
		return nil
	}); err != nil {
		return audit.Manifest{}, err
	}
	m, messages, err := a.open(ctx, found)
	if err != nil {
		return m, err
	}
	newest, err := a.newest(ctx)
	if err != nil {
		return m, err
	}
	m.Generated = time.Now().UTC().Format(time.RFC3339)
	return log.Bundle(w, m, messages, newest)
}

// newest returns the last checkpoint of every partition.
func (a *Audit) newest(ctx context.Context) (map[int32][]byte, error) {
	signed, err := a.checkpoints(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := a.Verifiers("")
	if err != nil {
		return nil, err
	}
	out, size := map[int32][]byte{}, map[int32]int64{}
	for _, text := range signed {
		if c, err := audit.OpenCheckpoint(text, keys...); err == nil && c.Size > size[c.Partition] {
			out[c.Partition], size[c.Partition] = text, c.Size
		}
	}
	return out, nil
}

// exchange collects the events of one alert's messages.
type exchange struct {
	of string // id, or how it begins

	mu       sync.Mutex
	subjects map[caselog.Key]*apply.Subject // of the keys that the alert may lie under
	found    []exchanged
}

// exchanged is one message that an event froze or took in.
type exchanged struct {
	audit.Record
	id, alert string
	key       caselog.Key
	kind      freeze.Type
	ours      bool
	personal  string
}

// saying is what the events of messages have in common.
type saying struct {
	AlertID   string      `json:"alert_id"`
	MessageID string      `json:"message_id"`
	Type      freeze.Type `json:"type"`
	Personal  string      `json:"personal"`
}

// about reads an event about a message of the alert.
func (x *exchange) about(r audit.Record) (e caselog.Event, d saying, ok bool) {
	e, err := caselog.Decode(r.Value)
	if err != nil || !slices.Contains([]caselog.Type{caselog.MessageQueued, caselog.Received, caselog.Receipt, caselog.Outcome}, e.Type) {
		return e, d, false
	}
	err = json.Unmarshal(e.Data, &d)
	return e, d, err == nil && strings.HasPrefix(d.AlertID, x.of) && d.MessageID != ""
}

// note keeps under which keys the alert lies.
func (x *exchange) note(r audit.Record) {
	if e, _, ok := x.about(r); ok {
		x.mu.Lock()
		x.subjects[e.Key] = nil
		x.mu.Unlock()
	}
}

// take folds r when its key is one of the alert's, and keeps the messages that the
// fold took: a message is what its first applied event says.
func (x *exchange) take(machine apply.Machine, r audit.Record) {
	e, err := caselog.Decode(r.Value)
	if err != nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	s, ours := x.subjects[e.Key]
	if !ours || e.Type == caselog.Revised {
		return
	}
	s, v, _ := machine.Apply(s, apply.Record{Event: e, Partition: r.Partition, Offset: r.Offset, Appended: r.Appended})
	x.subjects[e.Key] = s
	if _, d, ok := x.about(r); ok && v.Applied {
		x.found = append(x.found, exchanged{r, d.MessageID, d.AlertID, e.Key, d.Type, e.Type == caselog.MessageQueued, d.Personal})
	}
}

// alerts counts the alerts that were found.
func (x *exchange) alerts() int {
	seen := map[string]bool{}
	for _, f := range x.found {
		seen[f.alert+" "+string(f.key)] = true
	}
	return len(seen)
}

// ErrNoBundle says that there is no single alert to make a bundle of.
var ErrNoBundle = errors.New("no such alert on the case log")

// open opens the messages of the one alert that was found.
func (a *Audit) open(ctx context.Context, x *exchange) (audit.Manifest, []audit.Message, error) {
	if n := x.alerts(); n != 1 || x.of == "" {
		return audit.Manifest{}, nil, fmt.Errorf("%w: %d alerts with messages have ids that begin with %q", ErrNoBundle, n, x.of)
	}
	ring := caselog.NewKeyring(a.border.root)
	if err := a.each(ctx, a.names.Keys, 1, func(e topic.Entry) error { return ring.Load(e.Key, e.Value) }); err != nil {
		return audit.Manifest{}, nil, err
	}
	slices.SortFunc(x.found, func(p, q exchanged) int { return cmp.Compare(p.Offset, q.Offset) })
	m := audit.Manifest{Party: x.found[0].key.Party(), AlertID: x.found[0].alert}
	party := a.border.book.Party(m.Party)
	if party == nil {
		return m, nil, fmt.Errorf("%w: the config has no party %s any more", ErrNoBundle, m.Party)
	}
	var out []audit.Message
	for _, f := range x.found {
		var body caselog.BodyPersonal
		if err := ring.Open(f.personal, &body); err != nil {
			return m, nil, fmt.Errorf("open message %s: %w", f.id, err)
		}
		if err := permitted(party, f, body.Body); err != nil {
			return m, nil, err
		}
		out = append(out, audit.Message{ID: f.id, Record: f.Record, Body: []byte(body.Body)})
	}
	return m, out, nil
}

// permitted passes a message of ours through the policy once more: the agreement may
// have become stricter since it was sent. What the party wrote itself it knows.
func permitted(party *policy.Party, f exchanged, body string) error {
	if !f.ours || f.kind == freeze.TypeReceipt {
		return nil
	}
	p, err := party.Profile()
	if err != nil {
		return err
	}
	m, err := freeze.Parse([]byte(body))
	if err != nil {
		return fmt.Errorf("read message %s: %w", f.id, err)
	}
	clean, err := p.Filter(m)
	if err != nil || string(clean) != body {
		return fmt.Errorf("message %s says more than the agreement with %s allows today: give the bundle to nobody, or restore the agreement that it was sent under", f.id, party.ID)
	}
	return nil
}
