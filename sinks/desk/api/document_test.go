package api_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/haltwire/haltwire/sinks/desk/api"
)

var rewrite = flag.Bool("rewrite", false, "write openapi.json from the routes and the types")

func TestDocumentIsWrittenFromRoutesAndTypes(t *testing.T) {
	want, err := api.Generate()
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *rewrite {
		if err := os.WriteFile("openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(api.Document(), want) {
		t.Error("openapi.json is not what the routes and types say: go test ./sinks/desk/api -run Document -rewrite")
	}
}
