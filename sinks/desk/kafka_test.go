package desk_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/inbound"
	"github.com/haltwire/haltwire/sinks/party/webhook"
	"github.com/haltwire/haltwire/sinks/policy"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

// quick makes a real broker share partitions without its usual wait of 3 s.
func quick() kafkatest.Options {
	return kafkatest.Options{Settings: map[string]string{"group.initial.rebalance.delay.ms": "0", "group.min.session.timeout.ms": "1000"}}
}

func prefixed(name string) func(*desk.Options) {
	return func(o *desk.Options) {
		o.Layout.Names, o.Group, o.Layout.Partitions = topic.NamesOf(name), name, 3
	}
}

func TestApacheKafkaCarriesARequestToItsDecision(t *testing.T) {
	t.Parallel()
	brokers := kafkatest.Start(t, quick()).Addresses()
	c := &countries{in: newEnd(t, indiaSelf()), gb: newEnd(t, ukSelf())}
	c.bank = newEnd(t, policy.Self{ID: "BANK-A", Name: "Bank A", Kind: "bank", Country: "GB"})
	c.stub = newStub(t, c.bank)
	bank := c.bank.party(policy.Policy{Profile: "own_bank"}, policy.Servicer{BIC: "HWBAGB2L"})
	stop := c.in.start(t, setup{brokers: brokers, change: prefixed("in")}, []policy.Party{c.gb.party(agreement())}, c.gb)
	c.gb.start(t, setup{brokers: brokers, change: prefixed("gb")}, []policy.Party{c.in.party(agreement()), bank}, c.in, c.bank)
	decide(t, c)
	checkDecided(t, c)

	before := one(t, c.in.desk)
	stop()
	c.in.start(t, setup{brokers: brokers, change: prefixed("in")}, []policy.Party{c.gb.party(agreement())}, c.gb)
	if after := one(t, c.in.desk); asJSON(after) != asJSON(before) {
		t.Errorf("a restart changed the alert\n%s\n%s", asJSON(before), asJSON(after))
	}
}

func TestApacheKafkaTopicsAreChecked(t *testing.T) {
	t.Parallel()
	server := kafkatest.Start(t)
	good := map[string]string{"retention.ms": "-1", "message.timestamp.type": "LogAppendTime", "max.message.bytes": "4194304"}
	for i, c := range []struct {
		partitions int32
		change     [2]string
		want       string
	}{
		{2, [2]string{}, "has 2 partitions"},
		{3, [2]string{"retention.ms", "1000"}, "retention.ms=1000"},
		{3, [2]string{"message.timestamp.type", "CreateTime"}, "message.timestamp.type=CreateTime"},
		{3, [2]string{"cleanup.policy", "compact"}, "cleanup.policy=compact"},
		{3, [2]string{"max.message.bytes", "1000000"}, "max.message.bytes=1000000"},
		{3, [2]string{}, ""},
	} {
		settings := map[string]string{}
		for k, v := range good {
			settings[k] = v
		}
		if c.change[0] != "" {
			settings[c.change[0]] = c.change[1]
		}
		name := fmt.Sprintf("case%d", i)
		server.CreateTopic(t, name+".cases", c.partitions, settings)
		err := topic.Ensure(t.Context(), conn.Config{Brokers: server.Addresses()}, topic.Layout{Names: topic.NamesOf(name), Partitions: 3, Replication: 1})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("a good topic: %v", err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || fault.Of(err) != fault.Permanent):
			t.Errorf("want %q: %v", c.want, err)
		}
	}
}

// TestFrozenOwnerStartsNothingThatIsNotIts freezes the process that owns the case
// log while a partner does not answer. Another one takes over and delivers. The
// frozen one, woken, finds its attempts refused or too old: the partner sees no
// message again.
func TestFrozenOwnerStartsNothingThatIsNotIts(t *testing.T) {
	t.Parallel()
	server := kafkatest.Start(t, quick())
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	partner := newStub(t, gb)
	private, err := in.key.PrivateJWK()
	must(t, err)
	child := exec.CommandContext(t.Context(), os.Args[0])
	settings, err := json.Marshal(childSettings{Brokers: server.Addresses(), Partner: gb.server.URL, Key: private, Keys: jwks(t, gb)})
	must(t, err)
	child.Env = append(os.Environ(), childEnv+"="+string(settings))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "up" {
		t.Fatalf("the child says %q", lines.Text())
	}
	gb.serve(nil) // 503
	producer := appender(t, in, gb, server.Addresses())
	must(t, producer.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the child tries", func() bool { return attempts(producer) >= 2 })
	must(t, child.Process.Signal(syscall.SIGSTOP))

	in.start(t, setup{brokers: server.Addresses(), change: prefixed("in")}, []policy.Party{gb.party(agreement())}, gb)
	gb.serve(partner)
	eventually(t, "the new owner delivers", func() bool { return state(in.desk) == "received" })
	sent := len(partner.messages())
	tried := attempts(in.desk)
	must(t, child.Process.Signal(syscall.SIGCONT))
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-2", uetr1, "18000.00")}))
	if lines.Scan(); lines.Text() != "awake" {
		t.Errorf("the child says %q", lines.Text())
	}
	if n := len(partner.messages()); n != sent {
		t.Errorf("the partner has %d messages, %d before the frozen owner woke", n, sent)
	}
	if n := attempts(in.desk); n != tried {
		t.Errorf("%d attempts, %d before", n, tried)
	}
	must(t, child.Process.Signal(syscall.SIGTERM))
	_ = child.Wait()
}

// appender is a desk that only appends and folds; it never runs.
func appender(t *testing.T, in, gb *end, brokers []string) *desk.Desk {
	t.Helper()
	book, err := policy.NewBook(in.self, []policy.Party{gb.party(agreement())})
	must(t, err)
	d, err := desk.New(childOptions(brokers, book, in.key, nil))
	must(t, err)
	must(t, d.Start(t.Context()))
	t.Cleanup(func() { must(t, d.Stop(context.Background())) })
	return d
}

func attempts(d *desk.Desk) uint32 {
	list := d.List(desk.Filter{})
	if len(list) == 0 {
		return 0
	}
	shown, err := d.Show(context.Background(), list[0].ID)
	if err != nil || len(shown.Messages) == 0 {
		return 0
	}
	return shown.Messages[0].Attempts
}

const childEnv = "HALTWIRE_DESK_TEST_CHILD"

// childSettings is what the owner in a process of its own needs.
type childSettings struct {
	Brokers []string
	Partner string
	Key     []byte
	Keys    []byte
}

func jwks(t *testing.T, e *end) []byte {
	t.Helper()
	text, err := e.key.PublicJWKS()
	must(t, err)
	return text
}

func childOptions(brokers []string, book *policy.Book, key signature.Key, channels map[string][]desk.Channel) desk.Options {
	root, err := caselog.NewRoot([]byte(strings.Repeat("I", 32)))
	if err != nil {
		panic(err) // the secret is fixed
	}
	o := desk.Options{Environment: "test", Book: book, Kafka: conn.Config{Brokers: brokers}, Root: root, Key: key, Channels: channels,
		Layout: topic.Layout{Replication: 1}, Backoff: 20 * time.Millisecond, MaxAge: 24 * time.Hour}
	prefixed("in")(&o)
	return o
}

// child runs a desk until SIGTERM. It says "up" when it runs and "awake" when it
// was stopped for some seconds and has run on for two.
func child(text string) error {
	var s childSettings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	key, err := signature.ParseKey(s.Key)
	if err != nil {
		return err
	}
	set, err := signature.ParseSet(s.Keys)
	if err != nil {
		return err
	}
	ring, err := signature.NewRing(map[string]signature.Set{"GB-FIU": set})
	if err != nil {
		return err
	}
	sender, err := webhook.New(webhook.Config{URL: s.Partner + inbound.Path, AllowPrivate: true}, webhook.Options{Party: "GB-FIU", Key: key, Ring: ring})
	if err != nil {
		return err
	}
	gb := ukSelf()
	book, err := policy.NewBook(indiaSelf(), []policy.Party{{ID: gb.ID, Name: gb.Name, Kind: gb.Kind, Country: gb.Country, Policy: agreement()}})
	if err != nil {
		return err
	}
	d, err := desk.New(childOptions(s.Brokers, book, key, map[string][]desk.Channel{"GB-FIU": {{Kind: "webhook", Sender: sender}}}))
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := d.Start(ctx); err != nil {
		return err
	}
	go func() { _ = d.Run(ctx) }()
	fmt.Println("up")
	last := time.Now()
	for range time.Tick(100 * time.Millisecond) {
		if time.Since(last) > 3*time.Second {
			break
		}
		last = time.Now()
	}
	<-time.After(2 * time.Second)
	fmt.Println("awake")
	select {}
}

// TestBrokerAway kills the broker for longer than a producer retries. Nothing is
// lost, and everything goes on by itself.
func TestBrokerAway(t *testing.T) {
	t.Parallel()
	server := kafkatest.Start(t, quick())
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	newStub(t, gb)
	in.start(t, setup{brokers: server.Addresses(), change: prefixed("in")}, []policy.Party{gb.party(agreement())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the first request is received", func() bool { return state(in.desk) == "received" })
	server.Kill(t)
	second := report("TX-2", uetr2, "9500.00")
	second.Alerts[0].Subject.UID = "GB65HWBB00000000000202"
	failed := 0
	appended := make(chan struct{})
	go func() {
		defer close(appended)
		for in.desk.Append(context.Background(), []*hit.Hit{second}) != nil {
			failed++
		}
	}()
	<-time.After(8 * time.Second)
	server.Restart(t)
	<-appended
	eventually(t, "the second request is received", func() bool { return len(in.desk.List(desk.Filter{State: "received"})) == 2 })
	if failed == 0 {
		t.Log("the producer outlasted the outage")
	}
	if n := len(in.desk.List(desk.Filter{})); n != 2 {
		t.Errorf("%d alerts", n)
	}
}
