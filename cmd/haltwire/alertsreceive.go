package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/sinks/desk"
)

func alertsReceive(o *alertsOptions) *cobra.Command {
	var p desk.Paper
	var t terms
	c := &cobra.Command{
		Use: "receive FILE", Short: "Take in what a partner asks on paper: by post, ESW, I-24/7, e-mail", Args: cobra.ExactArgs(1),
		Long: `Opens an inbound alert from FILE, as if the request had come by wire: the same
checks, the same search for what is known of the account, the same decisions. Whoever
takes it in may not authorise it: two others do.

FILE is JSON: a whole message of haltwire.freeze/1 as the partner wrote it, or only
what the document tells:

  {"urgency": "critical",
   "legal": {"requester_basis": {"code": "MLPA", "text": "section 7"}, "predicate_offence": {"code": "fraud"}, "ml_suspicion": false,
             "facts": "…", "reason": "…", "nexus": "…", "intended_use": "…", "followup": {"mla": false}},
   "asks": [{"kind": "hold_amount"}],
   "subject": {"account": {"scheme": "iban", "id": "GB52HWBA00000000000101"}, "servicer": {"bic": "HWBAGB2L", "country": "GB"}},
   "payments": [{"refs": {"uetr": "…"}, "disputed": {"amount": "18000.00", "currency": "GBP"}, "executed_at": "2026-03-02T04:10:00.000Z",
                 "debtor": {"servicer": {"name": "Bank of the victim", "country": "JP"}}}]}

The desk adds ids, sums and the envelope. An amendment on paper has
"type": "amendment" and "alert_id" beside these; what else a partner says about an
alert is recorded (alerts record).`,
		RunE: func(c *cobra.Command, args []string) error {
			var a desk.Action
			if err := t.prove(&a); err != nil {
				return exit(2, err)
			}
			p.At, p.Document = a.At, a.Document
			text, err := os.ReadFile(args[0])
			if err != nil {
				return exit(2, fmt.Errorf("read request: %w", err))
			}
			p.Message = string(text)
			client, err := deskClient(c, o)
			if err != nil {
				return err
			}
			defer client.Close()
			view, err := client.Receive(c.Context(), p)
			if err != nil {
				return deskError(err)
			}
			return show(c.OutOrStdout(), o.output, view, func(w io.Writer) { listTable(w, []desk.View{view}) })
		},
	}
	f := c.Flags()
	f.StringVar(&p.As, "as", "", "the officer who takes it in, in the development form; else the token says it")
	f.StringVar(&p.Party, "party", "", "the party that asks, where the file does not name its sender")
	f.StringVar(&p.How, "how", "", "the way that it came: post, esw, i-24-7, e-mail")
	f.StringVar(&t.at, "at", "", "when it came, RFC 3339; now without it")
	f.StringVar(&t.document, "document", "", "the file that it stands in, of which the SHA-256 is recorded; or that SHA-256")
	f.StringVar(&p.From, "from", "", "who handed it over")
	f.StringVar(&p.Reason, "reason", "", "why, for the log")
	f.BoolVar(&p.Unsigned, "unsigned", false, "the party signs what it sends by wire, and this came on paper all the same")
	return c
}
