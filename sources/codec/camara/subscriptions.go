package camara

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Subscriptions tells which phone number a subscription is about, as of a moment.
// Events of subscriptions that the subscriber himself granted (the 3-legged form)
// carry no number. Immutable.
type Subscriptions struct{ by map[string][]span }

// span is how long a subscription was about a phone; Unix ms, to excluded, 0 = open.
type span struct {
	phone    string
	from, to int64
}

// maxSubscriptions bounds the rows of the table: ten times the largest bank's
// customers that are watched by subscription.
const maxSubscriptions = 5_000_000

var phoneForm = regexp.MustCompile(`^\+[1-9]\d{6,14}$`)

// ReadSubscriptions reads a CSV with the header subscription_id,phone and, where
// numbers change hands, from and until (RFC 3339; from included, until not). An
// error names the line.
func ReadSubscriptions(text []byte) (*Subscriptions, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("read subscriptions: want a header subscription_id,phone[,from,until]: %w", err)
	}
	head = slices.Clone(head)
	if len(head) < 2 || !slices.Equal(head[:2], []string{"subscription_id", "phone"}) || len(head) > 2 && !slices.Equal(head[2:], []string{"from", "until"}) {
		return nil, fmt.Errorf("read subscriptions: line 1: header is %q, want subscription_id,phone or subscription_id,phone,from,until", strings.Join(head, ","))
	}
	s := &Subscriptions{by: map[string][]span{}}
	for n := 0; ; n++ {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err == nil && n == maxSubscriptions {
			err = fmt.Errorf("more than %d rows", maxSubscriptions)
		}
		if err == nil {
			err = s.add(row)
		}
		if err != nil {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("read subscriptions: line %d: %w", line, err)
		}
	}
}

func (s *Subscriptions) add(row []string) error {
	x := span{phone: strings.Clone(row[1])}
	id := strings.Clone(row[0])
	if id == "" {
		return errors.New("subscription_id is empty")
	}
	if !phoneForm.MatchString(x.phone) {
		return errors.New("phone is no E.164 number like +910000000001")
	}
	if len(row) == 4 {
		var err error
		if x.from, err = moment(row[2]); err != nil {
			return fmt.Errorf("from: %w", err)
		}
		if x.to, err = moment(row[3]); err != nil {
			return fmt.Errorf("until: %w", err)
		}
	}
	if x.to != 0 && x.to <= x.from {
		return errors.New("until is not after from")
	}
	for _, y := range s.by[id] {
		if (x.to == 0 || y.from < x.to) && (y.to == 0 || x.from < y.to) {
			return fmt.Errorf("subscription %q has two phones at one time; give from and until", id)
		}
	}
	s.by[id] = append(s.by[id], x)
	return nil
}

func moment(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, fmt.Errorf("%q is no RFC 3339 time", text)
	}
	return t.UnixMilli(), nil
}

// Phone returns the number that a subscription was about at a moment, Unix ms, or
// "". A nil table knows none.
func (s *Subscriptions) Phone(id string, at int64) string {
	if s == nil {
		return ""
	}
	for _, x := range s.by[id] {
		if at >= x.from && (x.to == 0 || at < x.to) {
			return x.phone
		}
	}
	return ""
}

// Len returns how many subscriptions the table knows.
func (s *Subscriptions) Len() int {
	if s == nil {
		return 0
	}
	return len(s.by)
}
