package session_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/desk/people/session"
)

func start() time.Time { return time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC) }

func limits() session.Limits {
	return session.Limits{Idle: 15 * time.Minute, Longest: 12 * time.Hour, Most: 100}
}

func TestTimeOuts(t *testing.T) {
	s := session.New[string](limits())
	id, made := s.Begin("O1", "v", start())
	if len(id) != 43 || len(made.CSRF) != 43 || id == made.CSRF || made.Expires != start().Add(12*time.Hour) {
		t.Errorf("id %q, %+v", id, made)
	}
	if again, _ := s.Begin("O1", "v", start()); again == id {
		t.Error("two sessions have one id")
	}
	now := start()
	for now.Before(made.Expires) {
		if got, ok := s.Use(id, now); !ok || got.Value != "v" || got.Owner != "O1" {
			t.Fatalf("at %v: %+v, %v", now, got, ok)
		}
		now = now.Add(14 * time.Minute)
	}
	if _, ok := s.Use(id, now); ok {
		t.Error("a session outlives its longest time by being used")
	}
	id, _ = s.Begin("O1", "v", start())
	if _, ok := s.Use(id, start().Add(15*time.Minute)); ok {
		t.Error("an idle session is used")
	}
	if _, ok := s.Use(id, start()); ok {
		t.Error("a session that ended came back")
	}
	id, _ = s.Begin("O1", "v", start())
	s.End(id)
	if _, ok := s.Use(id, start()); ok {
		t.Error("a session is used after its end")
	}
	for _, wrong := range []string{"", "a", id + "a"} {
		if _, ok := s.Use(wrong, start()); ok {
			t.Errorf("%q is a session", wrong)
		}
	}
}

func TestBounds(t *testing.T) {
	s := session.New[int](limits())
	first, _ := s.Begin("O1", 0, start())
	kept, _ := s.Begin("O2", 0, start())
	for n := range 8 {
		s.Begin("O1", n, start().Add(time.Second))
	}
	if _, ok := s.Use(first, start()); ok {
		t.Error("nine sessions of one person")
	}
	if _, ok := s.Use(kept, start()); !ok {
		t.Error("another person's session went")
	}
	for n := range 150 {
		s.Begin(fmt.Sprintf("P%d", n/8), n, start().Add(time.Minute))
	}
	if s.Len() > 100 {
		t.Errorf("%d sessions are held", s.Len())
	}
	s.Begin("O3", 1, start().Add(time.Hour))
	if s.Len() != 1 {
		t.Errorf("%d sessions after an hour, want the new one", s.Len())
	}
}

// TestStoreIsLikeAPlainList plays random steps against a list that says what is
// alive.
func TestStoreIsLikeAPlainList(t *testing.T) {
	type one struct {
		owner       string
		began, used time.Time
		ended       bool
	}
	rapid.Check(t, func(t *rapid.T) {
		s, model, ids, now := session.New[int](limits()), map[string]*one{}, []string{}, start()
		alive := func(o *one) bool {
			return !o.ended && now.Sub(o.used) < limits().Idle && now.Sub(o.began) < limits().Longest
		}
		for range 100 {
			now = now.Add(time.Duration(rapid.IntRange(0, 1200).Draw(t, "seconds")) * time.Second)
			switch what := rapid.IntRange(0, 3).Draw(t, "what"); {
			case what == 0 && len(ids) < 8:
				owner := fmt.Sprint("O", rapid.IntRange(0, 2).Draw(t, "owner"))
				id, _ := s.Begin(owner, 0, now)
				ids, model[id] = append(ids, id), &one{owner: owner, began: now, used: now}
			case len(ids) == 0:
			case what == 1:
				id := rapid.SampledFrom(ids).Draw(t, "id")
				s.End(id)
				model[id].ended = true
			case what == 2:
				owner := fmt.Sprint("O", rapid.IntRange(0, 2).Draw(t, "owner"))
				want := false
				for _, o := range model {
					want = want || o.owner == owner && alive(o)
				}
				if got, ok := s.Of(owner, now); ok != want || ok && got.Owner != owner {
					t.Fatalf("session of %s: %v, want %v", owner, ok, want)
				}
			default:
				id := rapid.SampledFrom(ids).Draw(t, "id")
				_, ok := s.Use(id, now)
				if ok != alive(model[id]) {
					t.Fatalf("use: %v, want %v", ok, !ok)
				}
				if ok {
					model[id].used = now
				} else {
					model[id].ended = true
				}
			}
		}
	})
}
