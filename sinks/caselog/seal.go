package caselog

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// Reasons why personal data cannot be read or written.
var (
	// ErrNoKey says that the log key has no data key yet: make one with Fresh.
	ErrNoKey = errors.New("no data key")
	// ErrUnknownKey says that the data key has not been read from the keys topic:
	// read it to its end, then the key has been erased.
	ErrUnknownKey = errors.New("unknown data key")
	// ErrErased says that the data key has been erased.
	ErrErased = errors.New("personal data erased")
)

// Keyring holds the data keys of all log keys, as the keys topic tells them.
// Safe for concurrent use.
type Keyring struct {
	root *Root

	mu     sync.RWMutex
	byID   map[string][]byte // nil = erased
	newest map[Key]string
}

// NewKeyring returns an empty keyring over root.
func NewKeyring(root *Root) *Keyring {
	return &Keyring{root: root, byID: map[string][]byte{}, newest: map[Key]string{}}
}

// Load takes in one record of the keys topic: a wrapped data key, or nil for a
// key that was erased. Loading a record again changes nothing.
func (k *Keyring) Load(id string, record []byte) error {
	logKey, ok := keyOf(id)
	if !ok {
		return fmt.Errorf("load data key: %q is no id of one", id)
	}
	var secret []byte
	if len(record) > 0 {
		var err error
		if secret, err = open(string(record), k.root.wrap); err != nil {
			return fmt.Errorf("unwrap data key %s: %w", id, err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.byID[id] = secret
	switch {
	case secret != nil && k.byID[k.newest[logKey]] == nil:
		k.newest[logKey] = id
	case secret == nil && k.newest[logKey] == id:
		delete(k.newest, logKey)
	}
	return nil
}

// Has reports whether something can be sealed for the log key.
func (k *Keyring) Has(key Key) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.newest[key] != ""
}

// IDs returns the ids of all living data keys of a log key: the records to
// tombstone when it is erased.
func (k *Keyring) IDs(key Key) []string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var out []string
	for id, secret := range k.byID {
		if secret != nil && strings.HasPrefix(id, string(key)+"/") {
			out = append(out, id)
		}
	}
	return out
}

// Fresh returns the id and record of a new random data key. The caller writes
// the record to the keys topic with acks=all and then calls Load with it.
func (k *Keyring) Fresh(key Key) (id string, record []byte, err error) {
	var random [rootSize + 10]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	id = string(key) + "/" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random[rootSize:])
	wrapped, err := seal(random[:rootSize], k.root.wrap, "log")
	if err != nil {
		return "", nil, fmt.Errorf("wrap data key: %w", err)
	}
	return id, []byte(wrapped), nil
}

// Seal encrypts v under the data key of a log key; ErrNoKey when it has none.
func (k *Keyring) Seal(key Key, v any) (string, error) {
	k.mu.RLock()
	id := k.newest[key]
	secret := k.byID[id]
	k.mu.RUnlock()
	if secret == nil {
		return "", fmt.Errorf("seal for %s: %w", key, ErrNoKey)
	}
	text, err := marshal(v)
	if err != nil {
		return "", fmt.Errorf("seal for %s: %w", key, err)
	}
	return seal(text, secret, id)
}

// SealHit encrypts v for the topic of hits that cannot alert. Its retention is
// finite, so it needs no key of its own.
func (k *Keyring) SealHit(v any) (string, error) {
	text, err := marshal(v)
	if err != nil {
		return "", fmt.Errorf("seal hit: %w", err)
	}
	return seal(text, k.root.hits, "hits")
}

// Open decrypts what Seal and SealHit made. The errors are ErrUnknownKey,
// ErrErased, or that of a damaged text.
func (k *Keyring) Open(personal string, into any) error {
	if personal == "" {
		return nil
	}
	secret, err := k.secretOf(personal)
	if err != nil {
		return fmt.Errorf("open personal data: %w", err)
	}
	text, err := open(personal, secret)
	if err != nil {
		return fmt.Errorf("open personal data: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("open personal data: %w", err)
	}
	return nil
}

func (k *Keyring) secretOf(personal string) ([]byte, error) {
	jwe, err := parse(personal)
	if err != nil {
		return nil, err
	}
	id := jwe.Header.KeyID
	if id == "hits" {
		return k.root.hits, nil
	}
	k.mu.RLock()
	secret, known := k.byID[id]
	k.mu.RUnlock()
	switch {
	case !known:
		return nil, ErrUnknownKey
	case secret == nil:
		return nil, ErrErased
	}
	return secret, nil
}

// keyOf returns the log key in the id of a data key.
func keyOf(id string) (Key, bool) {
	i := strings.LastIndexByte(id, '/')
	if i < 0 || strings.Count(id, "/") != 3 {
		return "", false
	}
	return Key(id[:i]), true
}

func seal(text, secret []byte, id string) (string, error) {
	enc, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.DIRECT, Key: secret, KeyID: id}, nil)
	if err != nil {
		return "", err
	}
	jwe, err := enc.Encrypt(text)
	if err != nil {
		return "", err
	}
	return jwe.CompactSerialize()
}

func parse(text string) (*jose.JSONWebEncryption, error) {
	return jose.ParseEncryptedCompact(text, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
}

func open(text string, secret []byte) ([]byte, error) {
	jwe, err := parse(text)
	if err != nil {
		return nil, err
	}
	return jwe.Decrypt(secret)
}
