package freeze

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/haltwire/haltwire/sinks/freeze/shape"
)

// MaxSize bounds the bytes of a message, 1 MiB.
const MaxSize = 1 << 20

// Problem is one thing that is wrong with a message: the code of a rejecting
// receipt, the path of the member, and what is wanted.
type Problem struct {
	Code  Code
	Field string
	Text  string
}

// Invalid is the error of a message that breaks the contract. Problems holds at
// least one, the most telling first.
type Invalid struct{ Problems []Problem }

// Error names the first problem and counts the others.
func (e *Invalid) Error() string {
	p := e.Problems[0]
	more := ""
	if n := len(e.Problems) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	if p.Field == "" {
		return fmt.Sprintf("message refused: %s: %s%s", p.Code, p.Text, more)
	}
	return fmt.Sprintf("message refused: %s: %s: %s%s", p.Code, p.Field, p.Text, more)
}

// Reject returns the first problem in the form of a rejecting receipt.
func (e *Invalid) Reject() Reject {
	p := e.Problems[0]
	return Reject{Code: p.Code, Field: clip(p.Field, 200), Text: clip(p.Text, 500)}
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// messages is the compiled description of all types, which nothing changes, as a
// compiled pattern.
//
//nolint:gochecknoglobals // compiling it for every message would cost more than parsing
var messages = shape.MustCompile(map[reflect.Type]string{
	reflect.TypeFor[Dec]():  "dec",
	reflect.TypeFor[Date](): "date",
	reflect.TypeFor[Time](): "ts",
}, roots()...)

func roots() []reflect.Type {
	var out []reflect.Type
	for _, t := range Types() {
		out = append(out, reflect.TypeOf(New(t)).Elem())
	}
	return out
}

// Types lists the message types in the order of the contract.
func Types() []Type {
	return []Type{
		TypeRequest, TypeAmendment, TypeConfirmation, TypeWithdrawal, TypeStatusRequest,
		TypeExtensionRequest, TypeLiftRequest, TypeConsentRequest, TypeConsentResponse,
		TypeInfoResponse, TypeReceipt, TypeOutcome, TypeFeedback,
	}
}

// New returns an empty message of the type with its schema and type set, or nil
// for a type that does not exist.
func New(t Type) Message {
	m := blank(t)
	if m != nil {
		m.Head().Schema, m.Head().Type = Schema1, t
	}
	return m
}

func blank(t Type) Message {
	switch t {
	case TypeRequest:
		return &Request{}
	case TypeAmendment:
		return &Amendment{}
	case TypeConfirmation:
		return &Confirmation{}
	case TypeWithdrawal:
		return &Withdrawal{}
	case TypeStatusRequest:
		return &StatusRequest{}
	case TypeExtensionRequest:
		return &ExtensionRequest{}
	case TypeLiftRequest:
		return &LiftRequest{}
	case TypeConsentRequest:
		return &ConsentRequest{}
	case TypeConsentResponse:
		return &ConsentResponse{}
	case TypeInfoResponse:
		return &InfoResponse{}
	case TypeReceipt:
		return &Receipt{}
	case TypeOutcome:
		return &Outcome{}
	case TypeFeedback:
		return &Feedback{}
	}
	return nil
}

// Parse reads one message strictly and validates it. The error is an *Invalid.
// The message is a pointer to the struct of its type.
func Parse(body []byte) (Message, error) {
	if len(body) > MaxSize {
		return nil, refuse("", "larger than %d bytes", MaxSize)
	}
	var head struct {
		Schema string `json:"schema"`
		Type   Type   `json:"type"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		return nil, refuse("", "not a JSON object with schema and type")
	}
	if head.Schema != Schema1 {
		return nil, refuse("schema", "want %q", Schema1)
	}
	m := New(head.Type)
	if m == nil {
		return nil, refuse("type", "unknown type %q", clip(string(head.Type), 64))
	}
	if p := messages.Decode(body, string(head.Type), m); p != nil {
		return nil, refuse(p.Field, "%s", p.Text)
	}
	if err := Validate(m); err != nil {
		return nil, err
	}
	return m, nil
}

// Encode validates m and writes it: members in the order of the contract, no
// white space, no HTML escapes. The same message always gives the same bytes.
func Encode(m Message) ([]byte, error) {
	if err := Validate(m); err != nil {
		return nil, err
	}
	body, err := marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	if len(body) > MaxSize {
		return nil, refuse("", "larger than %d bytes", MaxSize)
	}
	return body, nil
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// DigestOf returns the digest of a body in the form that receipts carry.
func DigestOf(body []byte) Digest {
	sum := sha256.Sum256(body)
	return Digest{Alg: "sha-256", Value: hex.EncodeToString(sum[:])}
}

func refuse(field, format string, args ...any) *Invalid {
	return &Invalid{Problems: []Problem{{Code: CodeSchema, Field: field, Text: fmt.Sprintf(format, args...)}}}
}
