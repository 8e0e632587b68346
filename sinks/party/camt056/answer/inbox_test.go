package answer_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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
	if n, err := in.Scan(context.Background()); n != 1 || err != nil {
		t.Fatalf("second look: %d, %v", n, err)
	}
	if len(letters) != 2 || letters[0].Digest != letters[1].Digest || letters[1].Digest != freeze.DigestOf(body) || letters[1].Answer.CaseID != alert {
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
