package control

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
)

// Activation says what was put in force.
type Activation struct {
	Kind   string    `json:"kind"`   // rules | lists | rates
	Digest string    `json:"digest"` // of Content
	At     time.Time `json:"at"`
	// From are the offsets of the sources from which on it holds; partitions
	// that are not listed hold from their first offset.
	From    []event.Position `json:"from"`
	Content []byte           `json:"-"` // in full
}

// part is one record.
type part struct {
	Version int    `json:"v"`
	ID      string `json:"id"`
	Activation
	Part  int    `json:"part"`
	Parts int    `json:"parts"`
	Data  []byte `json:"data"` // gzip, base64 by encoding/json
}

// partSize keeps a record, in base64, well below the 1 MiB that brokers take.
const partSize = 512 << 10

// maxContent bounds what is unpacked, 256 MiB.
const maxContent = 256 << 20

// Encode returns the records of an activation, in order, and the key of all.
func Encode(a Activation) (key string, records [][]byte, err error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(a.Content); err != nil {
		return "", nil, fmt.Errorf("encode activation: %w", err)
	}
	if err := z.Close(); err != nil {
		return "", nil, fmt.Errorf("encode activation: %w", err)
	}
	key = hit.Text32("activation", a.Kind, a.Digest, a.At.UTC().Format(time.RFC3339Nano))
	text := packed.Bytes()
	parts := max(1, (len(text)+partSize-1)/partSize)
	for i := range parts {
		piece := text[i*partSize : min(len(text), (i+1)*partSize)]
		record, err := json.Marshal(part{Version: 1, ID: key, Activation: a, Part: i, Parts: parts, Data: piece})
		if err != nil {
			return "", nil, fmt.Errorf("encode activation: %w", err)
		}
		records = append(records, record)
	}
	return key, records, nil
}

// Reader puts activations together. The zero value is ready.
type Reader struct {
	Activations []Activation // whole ones, oldest first
	open        map[string][]part
}

// Add takes in the next record of the topic. A record that cannot be read is an
// error; the activation that it belongs to stays out.
func (r *Reader) Add(record []byte) error {
	var p part
	if err := json.Unmarshal(record, &p); err != nil {
		return fmt.Errorf("read activation: %w", err)
	}
	if p.Version != 1 {
		return fmt.Errorf("read activation: version %d is not known here: the log was written by a newer haltwire", p.Version)
	}
	if r.open == nil {
		r.open = map[string][]part{}
	}
	if p.Part == 0 {
		r.open[p.ID] = nil // a run that begins again after an error of its writer
	}
	run := r.open[p.ID]
	if p.Part != len(run) {
		return nil // a repeat, or the rest of a broken run
	}
	if run = append(run, p); len(run) < p.Parts {
		r.open[p.ID] = run
		return nil
	}
	delete(r.open, p.ID)
	a, err := whole(run)
	if err != nil {
		return err
	}
	r.Activations = append(r.Activations, a)
	return nil
}

// Last returns the latest activation of a kind, and false when there is none.
func (r *Reader) Last(kind string) (Activation, bool) {
	for i := len(r.Activations) - 1; i >= 0; i-- {
		if r.Activations[i].Kind == kind {
			return r.Activations[i], true
		}
	}
	return Activation{}, false
}

func whole(run []part) (Activation, error) {
	var packed bytes.Buffer
	for _, p := range run {
		packed.Write(p.Data)
	}
	z, err := gzip.NewReader(&packed)
	if err != nil {
		return Activation{}, fmt.Errorf("unpack activation %s: %w", run[0].ID, err)
	}
	content, err := io.ReadAll(io.LimitReader(z, maxContent+1))
	if err != nil {
		return Activation{}, fmt.Errorf("unpack activation %s: %w", run[0].ID, err)
	}
	if len(content) > maxContent {
		return Activation{}, errors.New("unpack activation " + run[0].ID + ": larger than 256 MiB")
	}
	a := run[0].Activation
	a.Content = content
	return a, nil
}
