package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/desk"
)

// TestHelpNamesTheTextsOfAVerb holds that a verb has --text where its act takes texts,
// and that its help says each name and what it is for.
func TestHelpNamesTheTextsOfAVerb(t *testing.T) {
	for _, v := range verbs() {
		help, _, _ := alertsOf(t, v.command(), "--help")
		takes := v.takes()
		if has := slices.Contains(v.flags, "text"); has != (len(takes) > 0) || has != strings.Contains(help, "--text ") {
			t.Errorf("%s: --text is there: %v, texts %v", v.command(), has, takes)
		}
		for _, x := range takes {
			for _, text := range x.texts {
				if !slices.ContainsFunc(strings.Split(help, "\n"), func(l string) bool { return strings.Join(strings.Fields(l), " ") == text.Name+" "+text.About }) {
					t.Errorf("%s --help has no %s, %s:\n%s", v.command(), text.Name, text.About, help)
				}
			}
		}
	}
	if help, _, _ := alertsOf(t, "consent", "--help"); !strings.Contains(help, "of an alert of ours") || !strings.Contains(help, "of an alert of a partner") {
		t.Errorf("what depends on the direction is not said:\n%s", help)
	}
}

// textTable is the table of texts in README.md.
func textTable(*testing.T) string {
	out := head("verb", "alerts", "text", "what it is for")
	for _, v := range verbs() {
		for _, x := range v.takes() {
			when := x.when
			if when == "" {
				when = "all"
			}
			for _, text := range x.texts {
				name := "`" + text.Name + "`"
				if text.Name == desk.FieldText {
					name = "the path of a member, as `subject.account.sub_account`"
				}
				out += row("`"+v.command()+"`", when, name, text.About)
			}
		}
	}
	return out
}
