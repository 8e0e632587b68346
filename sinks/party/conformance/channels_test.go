package conformance_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/camt056"
	"github.com/haltwire/haltwire/sinks/party/conformance"
	"github.com/haltwire/haltwire/sinks/party/goaml"
	"github.com/haltwire/haltwire/sinks/party/manual"
	"github.com/haltwire/haltwire/sinks/party/taxii"
	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
)

func TestMain(m *testing.M) {
	// sarama's metrics start one ticker per process, for ever.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sample is a request that every channel has a form for.
func sample(t *testing.T) []byte {
	t.Helper()
	body, err := os.ReadFile("../../freeze/testdata/messages/request.json")
	must(t, err)
	m, err := freeze.Parse(body)
	must(t, err)
	r, _ := m.(*freeze.Request)
	r.Asks = append(r.Asks, freeze.Ask{AskID: r.AlertID + "-K99", Kind: "recall"})
	for i := range r.Payments {
		p := &r.Payments[i]
		amount := p.Disputed
		p.Settled, p.Credited, p.Instructed, p.SettledOn, p.Rail = &amount, &amount, &amount, "2026-03-02", "swift"
		p.Refs.MessageID, p.Refs.MessageName, p.Refs.TransactionID = "MSG-1", "pacs.008.001.08", "TX-1"
		p.Debtor.Servicer.Country, p.Debtor.Kind = "IN", "person"
	}
	r.Recipient = freeze.Party{PartyID: "GB-FIU", Name: "FIU of the UK", Kind: "fiu", Country: "GB"}
	r.Approval.ContentDigest, err = freeze.ContentDigest(r)
	must(t, err)
	body, err = freeze.Encode(r)
	must(t, err)
	return body
}

func TestChannels(t *testing.T) {
	for kind, open := range map[string]func(*testing.T) *conformance.World{
		"webhook": webhookWorld, "kafka": kafkaWorld, "taxii": taxiiWorld, "camt056": camtWorld, "goaml": goamlWorld, "manual": manualWorld,
	} {
		t.Run(kind, func(t *testing.T) { conformance.Run(t, sample(t), open) })
	}
}

// folder is the world of a channel that writes files.
func folder(t *testing.T, dir string, s conformance.Sender) *conformance.World {
	return &conformance.World{
		Sender: s, Word: conformance.Exported, Live: true,
		Arrived: func() map[string][]byte {
			out := map[string][]byte{}
			entries, err := os.ReadDir(dir)
			must(t, err)
			for _, e := range entries {
				data, err := os.ReadFile(filepath.Join(dir, e.Name()))
				must(t, err)
				out[e.Name()] = data
			}
			return out
		},
		Away: func() func() {
			must(t, os.Rename(dir, dir+".gone"))
			return func() { must(t, os.Rename(dir+".gone", dir)) }
		},
	}
}

func manualWorld(t *testing.T) *conformance.World {
	dir := filepath.Join(t.TempDir(), "out")
	must(t, os.Mkdir(dir, 0o700))
	s, err := manual.New(manual.Config{Out: dir}, manual.Options{Party: "GB-FIU"})
	must(t, err)
	w := folder(t, dir, s)
	w.Exact = func(id string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, id+".json"))
		must(t, err)
		return data
	}
	return w
}

func camtWorld(t *testing.T) *conformance.World {
	dir := filepath.Join(t.TempDir(), "out")
	must(t, os.Mkdir(dir, 0o700))
	s, err := camt056.New(camt056.Config{Out: dir}, camt056.Options{Party: "BANK-IN"})
	must(t, err)
	return folder(t, dir, s)
}

func goamlWorld(t *testing.T) *conformance.World {
	dir := filepath.Join(t.TempDir(), "out")
	must(t, os.Mkdir(dir, 0o700))
	all := map[string]string{"default": "X"}
	s, err := goaml.New(goaml.Config{
		Out: dir, RentityID: 7, ReportCode: "STR", Currency: "GBP", Person: goaml.Person{FirstName: "A", LastName: "B"},
		FundsFrom: all, FundsTo: all, Modes: all, ModeComment: "E", Indicators: all,
	}, goaml.Options{Party: "IN-FIU"})
	must(t, err)
	return folder(t, dir, s)
}

func taxiiWorld(t *testing.T) *conformance.World {
	feed, err := taxii.NewFeed(taxii.FeedOptions{Store: shelf.New(shelf.Bounds{}), Parties: []string{"GB-FIU"}})
	must(t, err)
	s, err := taxii.NewSender(taxii.SenderOptions{Party: "GB-FIU", Feed: feed})
	must(t, err)
	return &conformance.World{Sender: s, Word: conformance.Published}
}

// handler is what the party does with a request now.
type handler func(w http.ResponseWriter, r *http.Request, body []byte)
