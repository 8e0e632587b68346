package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// verb is an officer's decision as a command.
type verb struct {
	do    string // of desk.Action, out and in
	doIn  string // of an inbound alert, where that is another one
	name  string // "" = do
	short string
	flags []string // beside --as, --reason and --about where it takes one
}

// verbs lists the decisions that this desk knows.
func verbs() []verb {
	known := desk.Acts()
	return slices.DeleteFunc(allVerbs(), func(v verb) bool { return !slices.Contains(known, v.do) })
}

func allVerbs() []verb {
	return []verb{
		{do: "approve", short: "Approve a proposed request or an amendment (two officers, or one where the rule says so)", flags: []string{"digest"}},
		{do: "reject", doIn: "refuse", name: "refuse", short: "Refuse a partner's request (two different officers), or end a proposal of ours", flags: []string{"code", "text"}},
		{do: "reject", short: "End a proposal without a request", flags: []string{"code"}},
		{do: "confirm", short: "Stand behind a request that went out by itself, or behind an emergency", flags: []string{"digest"}},
		{do: "emergency", short: "Send, or have a measure taken, at once: a supervisor, and somebody else confirms it", flags: []string{"digest", "basis", "code", "text"}},
		{do: "edit", name: "amend", short: "Write texts, amounts or a sub-account into a request; somebody else approves it", flags: []string{"edit", "text"}},
		{do: "renew", short: "Keep asking after the request's validity is over", flags: []string{"until"}},
		{do: "close", short: "End an alert", flags: []string{"code"}},
		{do: "reopen", short: "Take an ended alert up again"},
		{do: "reroute", short: "Ask another party", flags: []string{"about"}},
		{do: "withdraw", short: "Take a request back (two different officers)", flags: []string{"code"}},
		{do: "note", short: "Write a remark: --text text=…, or --reason alone", flags: []string{"text"}},
		{do: "accept", short: "Take a partner's request up", flags: []string{"text"}},
		{do: "assess", short: "Look at a request that was taken up"},
		{do: "authorise", short: "Authorise the measure that a partner asks for (two different officers, the same basis, amount and end)", flags: []string{"basis", "code", "text", "until", "amount"}},
		{do: "ask_info", short: "Ask the partner for what is missing: --text FIELD=WHY", flags: []string{"code", "text"}},
		{do: "info", short: "Answer what the partner needs to know: --text FIELD=VALUE", flags: []string{"text"}},
		{do: "release", short: "Release the answer to the partner"},
		{do: "duplicate", short: "Say that another alert is about the same", flags: []string{"about"}},
		{do: "extend", short: "Ask that a measure (--about) lasts longer, or decide about a partner's wish: --until grants it, the code of a refusal refuses it (two different officers)", flags: []string{"about", "until", "code", "text"}},
		{do: "lift", short: "Lift what is needed no more, all or a part (two different officers); a partner's wish (--about) is granted without --code and refused with the code of a refusal", flags: []string{"about", "amount", "code"}},
		{do: "chase", short: "Ask the partner where something stands", flags: []string{"about"}},
		{do: "review", short: "Say that a measure is still necessary", flags: []string{"about"}},
		{do: "measure", short: "Record what a partner, a bank or a court did to a measure", flags: []string{"about", "code", "until", "amount", "text"}},
		{do: "recall", short: "Have our banks recall payments", flags: []string{"about", "code"}},
		{do: "recall_answer", short: "Record what a bank said about a recall", flags: []string{"about", "code", "amount"}},
		{do: "follow", short: "Follow onward movements that a partner found: --about one, --hop several, or --code all that wait", flags: []string{"about", "hops", "code"}},
		{do: "consent", short: "Ask for consent to use what a partner found, or answer such a question (two different officers): --code all, part or none", flags: []string{"about", "code", "until", "text"}},
		{do: "feedback", short: "Tell the partner what its help was good for", flags: []string{"code", "amount", "text"}},
		{do: "transmitted", short: "Say that a message of ours was carried over by hand, by a portal, by telephone", flags: []string{"about", "proof"}},
		{do: "record", short: "Record what a partner said outside the wire: --code received, accepted, rejected, or outcome and other types with --text-file message=FILE; a second officer confirms it by --about alone", flags: []string{"about", "code", "text", "until", "proof"}},
		{do: "strike", short: "Take back what was recorded and nobody has confirmed", flags: []string{"about"}},
		{do: "erase", short: "Erase the personal data of an ended alert, for ever (two different supervisors)"},
		{do: "close_task", short: "Close a task of an alert", flags: []string{"task"}},
	}
}

// command is the verb as people type it.
func (v verb) command() string {
	if v.name != "" {
		return v.name
	}
	return strings.ReplaceAll(v.do, "_", "-")
}

// terms are the flags of a decision that are not text already.
type terms struct {
	until, amount       string
	texts, files, items []string
	suspicion           string
	at, document        string
}

func alertsAct(o *alertsOptions, v verb) *cobra.Command {
	var a desk.Action
	var t terms
	c := &cobra.Command{
		Use: v.command() + " ALERT", Short: v.short, Long: v.long(), Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := t.into(&a); err != nil {
				return exit(2, err)
			}
			client, err := deskClient(c, o)
			if err != nil {
				return err
			}
			defer client.Close()
			if a.Do, err = v.verbOf(c, client, args[0]); err != nil {
				return deskError(err)
			}
			view, err := client.Act(c.Context(), args[0], a)
			if err != nil {
				return deskError(err)
			}
			if a.Do == apply.ActRecall {
				view = recallSettled(c.Context(), client, view)
			}
			return show(c.OutOrStdout(), o.output, view, func(w io.Writer) { listTable(w, []desk.View{view}) })
		},
	}
	c.Flags().StringVar(&a.As, "as", "", "the officer who decides, in the development form; else the token says it")
	why := "why, for the log"
	if v.do == "withdraw" {
		why += "; a partner reads the first officer's, so it names nobody"
	}
	c.Flags().StringVar(&a.Reason, "reason", "", why)
	for _, name := range v.flags {
		termFlag(c, name, &a, &t)
	}
	return c
}

// verbOf returns what the desk calls the verb, which may depend on the direction.
func (v verb) verbOf(c *cobra.Command, client *api.Client, id string) (string, error) {
	if v.doIn == "" {
		return v.do, nil
	}
	d, err := client.Show(c.Context(), id)
	if err != nil {
		return "", err
	}
	if d.Direction == "in" {
		return v.doIn, nil
	}
	return v.do, nil
}

func termFlag(c *cobra.Command, name string, a *desk.Action, t *terms) {
	f := c.Flags()
	switch name {
	case "digest":
		f.StringVar(&a.Digest, "digest", "", "the content that was looked at (show prints it); refused when it has changed since")
	case "basis":
		f.StringVar(&a.Basis, "basis", "", "legal basis under our law")
	case "code":
		f.StringVar(&a.Code, "code", "", "code of the act, such as not_competent (refuse), court (lift), converted (measure), RJCR (recall-answer), part (consent), useful (feedback); a wrong one is answered with those that there are")
	case "task":
		f.StringVar(&a.Task, "task", "", "the task's id: T1, T2, …")
	case "about":
		f.StringVar(&a.About, "about", "", "id of the measure, message, item, party or alert that it is about")
	case "hops":
		f.StringSliceVar(&a.Items, "hop", nil, "item_id of a movement; may be repeated")
	case "proof":
		f.StringVar(&a.How, "how", "", "the way that it went: portal, fax, telephone, post")
		f.StringVar(&t.at, "at", "", "when it was, RFC 3339; now without it")
		f.StringVar(&t.document, "document", "", "the file that shows it, of which the SHA-256 is recorded; or that SHA-256")
	case "until":
		f.StringVar(&t.until, "until", "", "moment, RFC 3339: 2026-03-11T18:00:00Z")
	case "amount":
		f.StringVar(&t.amount, "amount", "", `amount and currency: "15500.00 GBP"`)
	case "edit":
		f.StringSliceVar(&a.Asks, "ask", nil, "an ask to add, or with - in front one to take out: --ask=-trace; may be repeated")
		f.StringArrayVar(&t.items, "item", nil, `ITEM="9000.00 GBP": the disputed amount of a payment, 0 takes it out; may be repeated`)
		f.StringVar(&a.Offence, "offence", "", "code of the predicate offence")
		f.StringVar(&t.suspicion, "ml-suspicion", "", "yes or no: money laundering is suspected")
	case "text":
		f.StringArrayVar(&t.texts, "text", nil, "NAME=TEXT: a text and the member of the message that it becomes; may be repeated")
		f.StringArrayVar(&t.files, "text-file", nil, "NAME=FILE: a text from a file; may be repeated")
	}
}

// into puts the terms into an action.
func (t *terms) into(a *desk.Action) error {
	if t.until != "" {
		until, err := time.Parse(time.RFC3339, t.until)
		if err != nil {
			return fmt.Errorf("--until %q: want a moment like 2026-03-11T18:00:00Z", t.until)
		}
		at := freeze.At(until)
		a.Until = &at
	}
	if t.amount != "" {
		m, err := readMoney("--amount", t.amount)
		if err != nil {
			return err
		}
		a.Amount = &m
	}
	if err := t.edits(a); err != nil {
		return err
	}
	if err := t.prove(a); err != nil {
		return err
	}
	return t.read(a)
}

// prove puts the moment and the digest of a document into an action.
func (t *terms) prove(a *desk.Action) error {
	if t.at != "" {
		at, err := time.Parse(time.RFC3339, t.at)
		if err != nil {
			return fmt.Errorf("--at %q: want a moment like 2026-03-11T18:00:00Z", t.at)
		}
		moment := freeze.At(at)
		a.At = &moment
	}
	if a.Document = t.document; t.document == "" || regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(t.document) {
		return nil
	}
	f, err := os.Open(t.document)
	if err != nil {
		return fmt.Errorf("--document: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("--document: %w", err)
	}
	a.Document = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// edits puts what amend changes beside texts into an action.
func (t *terms) edits(a *desk.Action) error {
	switch t.suspicion {
	case "":
	case "yes", "no":
		yes := t.suspicion == "yes"
		a.MLSuspicion = &yes
	default:
		return fmt.Errorf("--ml-suspicion %q: want yes or no", t.suspicion)
	}
	for _, pair := range t.items {
		item, text, _ := strings.Cut(pair, "=")
		m, err := readMoney("--item "+item, text)
		if err != nil {
			return err
		}
		if a.Amounts == nil {
			a.Amounts = map[string]freeze.Money{}
		}
		a.Amounts[item] = m
	}
	return nil
}

// readMoney reads "15500.00 GBP".
func readMoney(flag, text string) (freeze.Money, error) {
	amount, currency, ok := strings.Cut(text, " ")
	if !ok || amount == "" || currency == "" {
		return freeze.Money{}, fmt.Errorf(`%s %q: want amount and currency like "15500.00 GBP"`, flag, text)
	}
	return freeze.Money{Amount: freeze.Dec(amount), Currency: currency}, nil
}

func (t *terms) read(a *desk.Action) error {
	texts := map[string]string{}
	for _, pair := range t.texts {
		name, text, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return fmt.Errorf("--text %q: want NAME=TEXT", pair)
		}
		texts[name] = text
	}
	for _, pair := range t.files {
		name, file, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return fmt.Errorf("--text-file %q: want NAME=FILE", pair)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("--text-file: %w", err)
		}
		texts[name] = strings.TrimRight(string(text), "\n")
	}
	if len(texts) != 0 {
		a.Texts = texts
	}
	if len(texts) != len(t.texts)+len(t.files) {
		return errors.New("--text: a name is given twice")
	}
	return nil
}

// recallWithin is how long recall waits to hear whether a bank of ours can be asked.
const recallWithin = 2 * time.Second

// recallSettled returns the alert once it says of which payments no bank of ours can be
// asked, or what it says after recallWithin.
func recallSettled(ctx context.Context, client *api.Client, view desk.View) desk.View {
	ctx, cancel := context.WithTimeout(ctx, recallWithin)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		d, err := client.Show(ctx, view.ID)
		if err != nil {
			return view
		}
		if view = d.View; len(d.Recalls) > 0 {
			return view
		}
		select {
		case <-ctx.Done():
			return view
		case <-tick.C:
		}
	}
}
