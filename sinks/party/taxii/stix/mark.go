package stix

import (
	_ "embed"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
)

//go:embed schema.json
var schema string

// Schema returns the JSON Schema of what our extension adds to STIX, as the
// extension-definition carries it.
func Schema() []byte { return []byte(schema) }

// extensionName is the name of the extension-definition.
const extensionName = "haltwire freeze messages"

// born is when objects that never change were made: the same in every haltwire.
func born() freeze.Time { return freeze.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) }

// definition returns our extension-definition and its creator.
func definition() []Object {
	maker := &Identity{
		Common: Common{Type: "identity", ID: NewID("identity", extensionName), Created: born(), Modified: born()},
		Name:   "haltwire", IdentityClass: "system",
	}
	return []Object{maker, &ExtensionDefinition{
		Common: Common{Type: "extension-definition", ID: ExtensionID, CreatedByRef: maker.ID, Created: born(), Modified: born()},
		Name:   extensionName, Description: "Carries messages of haltwire.freeze/1 whole in reports and notes (messages), " +
			"and defines the objects bank-account and x-haltwire-payment.",
		Schema: schema, Version: "1.0.0",
		ExtensionTypes: []string{"property-extension", "new-sdo", "new-sco"},
	}}
}

// markings returns the marking-definitions that say what a recipient may do.
func markings(h *freeze.Handling) []Object {
	if h == nil {
		return nil
	}
	out := []Object{tlp(h.TLP), statement("Permitted use: " + h.PermittedUse), statement("Onward: " + onward(h.Onward))}
	if h.Europol != "" {
		out = append(out, statement("Europol handling: "+h.Europol))
	}
	if h.SourceEval != "" || h.InfoEval != "" {
		out = append(out, statement("Evaluation of source and information: "+h.SourceEval+h.InfoEval))
	}
	return out
}

func onward(o freeze.Onward) string {
	if len(o.Parties) == 0 {
		return o.Mode
	}
	return o.Mode + ": " + strings.Join(o.Parties, ", ")
}

func statement(text string) Object {
	return &MarkingDefinition{
		Common:         Common{Type: "marking-definition", ID: NewID("marking-definition", text), Created: born()},
		DefinitionType: "statement", Definition: map[string]string{"statement": text},
	}
}

// tlp returns the marking-definition of a level as FIRST and OASIS published it
// for TLP 2.0, whose ids are fixed.
func tlp(level string) Object {
	ids := map[string]string{
		"clear":        "94868c89-83c2-464b-929b-a1a8aa3c8487",
		"green":        "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
		"amber":        "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
		"amber+strict": "939a9414-2ddd-4d32-a0cd-375ea402b003",
		"red":          "e828b379-4e03-4974-9ac4-e53a884c97c1",
	}
	return &MarkingDefinition{
		Common: Common{
			Type: "marking-definition", ID: "marking-definition--" + ids[level],
			Created:    freeze.At(time.Date(2022, 10, 1, 0, 0, 0, 0, time.UTC)),
			Extensions: map[string]Extension{tlpExtensionID: {ExtensionType: "property-extension", TLP: level}},
		},
		Name: "TLP:" + strings.ToUpper(level),
	}
}
