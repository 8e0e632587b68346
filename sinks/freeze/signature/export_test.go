package signature

import (
	"net/http"

	"github.com/dunglas/httpsfv"
)

// Base exposes the signature base of the first signature of a request.
func Base(r *http.Request) ([]byte, []byte, error) {
	input, err := dictionary(r, "Signature-Input")
	if err != nil {
		return nil, nil, err
	}
	output, err := dictionary(r, "Signature")
	if err != nil {
		return nil, nil, err
	}
	name := input.Names()[0]
	m, _ := input.Get(name)
	s, _ := output.Get(name)
	text, err := base(r, m.(httpsfv.InnerList))
	return text, s.(httpsfv.Item).Value.([]byte), err
}
