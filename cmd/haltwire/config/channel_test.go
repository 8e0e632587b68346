package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/sinks/policy"
)

func TestCamt056Settings(t *testing.T) {
	dir := t.TempDir()
	way := policy.Channel{Kind: "camt056", Out: "out", In: "in", Settings: map[string]any{"version": "11", "single": true, "agent": map[string]any{"bic": "HWBIINBB"}}}
	c, err := config.Camt056(way, dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.Out != filepath.Join(dir, "out") || c.In != filepath.Join(dir, "in") || c.Version != "11" || !c.Single || c.Agent.BIC != "HWBIINBB" {
		t.Errorf("%+v", c)
	}
	for name, bad := range map[string]policy.Channel{
		"field colour": {Kind: "camt056", Out: "out", Settings: map[string]any{"colour": "red"}},
		"camt056.out":  {Kind: "camt056", In: "in"},
		"camt056.in":   {Kind: "camt056", Out: "same", In: "same"},
	} {
		if _, err := config.Camt056(bad, dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGoAMLSettings(t *testing.T) {
	codes := map[string]any{"default": "X"}
	way := policy.Channel{Kind: "goaml", Out: "/reports", Settings: map[string]any{
		"rentity_id": 7, "report_code": "STR", "currency": "INR", "transmode_comment": "-",
		"funds_from": codes, "funds_to": codes, "transmode": codes, "indicators": codes,
	}}
	c, err := config.GoAML(way, t.TempDir())
	if err != nil || c.Out != "/reports" || c.RentityID != 7 || c.Modes["default"] != "X" {
		t.Errorf("%+v: %v", c, err)
	}
	delete(way.Settings, "report_code")
	if _, err := config.GoAML(way, t.TempDir()); err == nil || !strings.Contains(err.Error(), "report_code") {
		t.Errorf("without a report code: %v", err)
	}
}

// TestSettingsOfOtherKinds refuses what a kind does not know: a misspelt member is
// never passed over in silence.
func TestSettingsOfOtherKinds(t *testing.T) {
	c := config.Default()
	c.Parties = []policy.Party{{ID: "GB-FIU", Channels: []policy.Channel{{Kind: "webhook", URL: "https://gb.example", Settings: map[string]any{"urll": "x"}}}}}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), `parties: GB-FIU: channel webhook: a channel of kind webhook has no setting "urll"`) {
		t.Errorf("%v", err)
	}
}

func TestManualAndTaxii(t *testing.T) {
	dir := t.TempDir()
	c, err := config.Manual(policy.Channel{Kind: "manual", Out: "out"}, dir)
	if err != nil || c.Out != filepath.Join(dir, "out") {
		t.Errorf("manual: %+v, %v", c, err)
	}
	user, file, err := config.Taxii(policy.Channel{Kind: "taxii", Settings: map[string]any{"user": "gb", "secret_file": "keys/gb"}}, dir)
	if err != nil || user != "gb" || file != filepath.Join(dir, "keys/gb") {
		t.Errorf("taxii: %s, %s, %v", user, file, err)
	}
	for name, bad := range map[string]policy.Channel{
		"manual.out":  {Kind: "manual"},
		"secret_file": {Kind: "taxii", Settings: map[string]any{"user": "gb"}},
		"password":    {Kind: "taxii", Settings: map[string]any{"user": "gb", "secret_file": "x", "password": "y"}},
	} {
		c := config.Default()
		c.Parties = []policy.Party{{ID: "GB-FIU", Channels: []policy.Channel{bad}}}
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := config.Default()
	d.Taxii.URL = "http://plain.example"
	if err := d.Validate(); err == nil || !strings.Contains(err.Error(), "taxii.url") {
		t.Errorf("taxii block: %v", err)
	}
}
