package answer_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/camt056/answer"
	"github.com/haltwire/haltwire/sinks/party/spool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func copyTo(t *testing.T, dir, name string, at time.Time) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := errors.Join(os.WriteFile(path, text, 0o600), os.Chtimes(path, at, at)); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestInboxHandsOutAgainWhatWasNotTaken(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	body := copyTo(t, dir, "rejected-legl.xml", now.Add(-time.Minute))
	copyTo(t, dir, "returned.xml", now.Add(-time.Second))
	if err := os.WriteFile(filepath.Join(dir, "other.xml"), []byte("<a/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	var letters []answer.Letter
	notReady := errors.New("the desk is not ready")
	in, err := answer.NewInbox(answer.InboxOptions{Party: "BANK-IN", Dir: dir, Now: func() time.Time { return now }, Take: func(_ context.Context, l answer.Letter) error {
		letters = append(letters, l)
		if len(letters) == 1 {
			return notReady
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	at := now.Add(-time.Minute)
	if err := os.Chtimes(filepath.Join(dir, "other.xml"), at, at); err != nil {
		t.Fatal(err)
	}
	if n, err := in.Scan(context.Background()); n != 1 || !errors.Is(err, notReady) {
		t.Fatalf("first look: %d, %v", n, err)
	}
	now = now.Add(5 * time.Second)
	if n, err := in.Scan(context.Background()); n != 2 || err != nil {
		t.Fatalf("second look: %d, %v", n, err)
	}
	if len(letters) != 3 || letters[0].Digest != letters[1].Digest || letters[1].Digest != freeze.DigestOf(body) || letters[1].Answer.CaseID != alert {
		t.Errorf("handed out %+v", letters)
	}
	if refused, err := os.ReadDir(filepath.Join(dir, spool.RefusedFolder)); err != nil || len(refused) != 2 {
		t.Errorf("put aside %v, %v", refused, err)
	}
}

func TestInboxRuns(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(context.Background())
		taken := make(chan string, 2)
		in, err := answer.NewInbox(answer.InboxOptions{Party: "BANK-IN", Dir: dir, Take: func(_ context.Context, l answer.Letter) error {
			taken <- l.File
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- in.Run(ctx) }()
		synctest.Wait()
		copyTo(t, dir, "returned.xml", time.Now())
		time.Sleep(6 * time.Second) // of the bubble's clock: one look is over
		if got := <-taken; got != "returned.xml" {
			t.Errorf("taken %q", got)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if _, err := answer.NewInbox(answer.InboxOptions{Dir: dir}); err == nil {
		t.Error("an inbox that nobody empties")
	}
}

// TestInboxUnderAttack puts what an enemy of the folder would into it: all of it
// is put aside with a reason, nothing is handed out, and nothing outside is read.
func TestInboxUnderAttack(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	secret := filepath.Join(t.TempDir(), "secret.xml")
	good := copyTo(t, filepath.Dir(secret), "rejected-legl.xml", now.Add(-time.Hour))
	if err := os.WriteFile(secret, good, 0o600); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	put := func(name, text, reason string) {
		path := filepath.Join(dir, name)
		at := now.Add(-time.Hour)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
		want[name] = reason
	}
	head := `<?xml version="1.0" encoding="UTF-8"?>`
	put("laughs.xml", head+`<!DOCTYPE Document [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><Document>&c;</Document>`, "doctype")
	put("external.xml", head+`<!DOCTYPE Document [<!ENTITY a SYSTEM "file://`+secret+`">]><Document>&a;</Document>`, "doctype")
	put("parameter.xml", head+`<!DOCTYPE Document [<!ENTITY % a SYSTEM "http://127.0.0.1:1/x.dtd"> %a;]><Document/>`, "doctype")
	put("include.xml", head+`<Document xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file://`+secret+`"/></Document>`, "namespace")
	put("deep.xml", head+strings.Repeat("<a>", 1_000_000), "too_deep")
	put("wide.xml", head+"<a>"+strings.Repeat("<b/>", 300_000)+"</a>", "too_many")
	put("long.xml", head+"<a b='"+strings.Repeat("x", answer.MaxBytes)+"'/>", "larger than")
	put("attributes.xml", head+"<a "+strings.Repeat("xmlns:a='u' ", 10_000)+"/>", "too_many")
	put("utf7.xml", `<?xml version="1.0" encoding="UTF-7"?><Document/>`, "encoding")
	put("binary.xml", "PK\x03\x04\x00\x00", "syntax")
	put("empty.xml", "", "syntax")
	if err := os.Symlink(secret, filepath.Join(dir, "link.xml")); err != nil {
		t.Fatal(err)
	}
	want["link.xml"] = "a link"
	var log bytes.Buffer
	in, err := answer.NewInbox(answer.InboxOptions{Party: "BANK-IN", Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return now }, Take: func(_ context.Context, l answer.Letter) error {
		t.Errorf("%s was handed out", l.File)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := in.Scan(context.Background()); n != len(want)-1 || err != nil {
		t.Fatalf("%d of %d put aside, %v", n, len(want), err)
	}
	now = now.Add(2 * time.Second) // a link cannot be made older than it is
	if n, err := in.Scan(context.Background()); n != 1 || err != nil {
		t.Fatalf("%d of %d put aside, %v", n, len(want), err)
	}
	for name, reason := range want {
		files, err := filepath.Glob(filepath.Join(dir, spool.RefusedFolder, "*-"+name+".reason"))
		if err != nil || len(files) != 1 {
			t.Errorf("%s: reasons %v, %v", name, files, err)
			continue
		}
		text, err := os.ReadFile(files[0])
		if err != nil || !strings.Contains(string(text), reason) || len(text) > 500 {
			t.Errorf("%s: reason %q, want %s (%v)", name, text, reason, err)
		}
	}
	if got := strings.Count(log.String(), "level=WARN"); got != len(want) || strings.Contains(log.String(), secret) || !strings.Contains(log.String(), "reason=too_large") {
		t.Errorf("one line a file: %s", log.String())
	}
}

// TestInboxWhileItsFolderIsGone says so once, looks less and less often, and goes on when
// it is back.
func TestInboxWhileItsFolderIsGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mount")
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var log bytes.Buffer
		taken := make(chan time.Time, 1)
		begin := time.Now()
		in, err := answer.NewInbox(answer.InboxOptions{Party: "BANK-IN", Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil)), Take: func(context.Context, answer.Letter) error {
			taken <- time.Now()
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- in.Run(ctx) }()
		<-time.After(80 * time.Second) // of the bubble's clock: looks at 0, 10, 30 and 70 s, the next at 130 s
		synctest.Wait()
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		copyTo(t, dir, "returned.xml", time.Now())
		if at := (<-taken).Sub(begin); at != 130*time.Second {
			t.Errorf("taken after %s", at)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if strings.Count(log.String(), "look into folder") != 1 {
			t.Errorf("logged: %s", log.String())
		}
	})
}

func BenchmarkRead(b *testing.B) {
	entry := `<TxInfAndSts><OrgnlTxId>TX-1</OrgnlTxId><OrgnlUETR>6513270e-269e-4d37-b2a7-4de452e6b438</OrgnlUETR><TxCxlSts>RJCR</TxCxlSts><CxlStsRsnInf><Rsn><Cd>AC04</Cd></Rsn></CxlStsRsnInf><OrgnlIntrBkSttlmAmt Ccy="GBP">1.00</OrgnlIntrBkSttlmAmt></TxInfAndSts>`
	text := []byte(doc("camt.029.001.09", "<RsltnOfInvstgtn><Assgnmt><Id>1</Id><CreDtTm>2026-03-04T09:30:00Z</CreDtTm></Assgnmt><Sts><Conf>RJCR</Conf></Sts><CxlDtls>"+strings.Repeat(entry, 500)+"</CxlDtls></RsltnOfInvstgtn>"))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := answer.Read(text); err != nil {
			b.Fatal(err)
		}
	}
}
