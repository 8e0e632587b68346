package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sinks/desk"
)

// drainTime bounds the wait for what is under way when the reports end.
const drainTime = 60 * time.Second

// Options say how to play.
type Options struct {
	For    time.Duration // 0 = until the context ends
	Rate   int           // reports a second of India; the United Kingdom has a quarter
	Dir    string        // where everything is kept; "" = a temporary folder, removed at the end
	JSON   bool          // only the summary on Out
	Screen bool          // Out is a terminal: show the live view
	Width  int           // of the terminal, columns
	Out    io.Writer     //
	Notes  io.Writer     // progress for people
}

// Run plays the demo.
func Run(ctx context.Context, o Options) (err error) {
	dir, remove, err := o.folder()
	if err != nil {
		return err
	}
	d := &stage{o: o, dir: dir}
	defer func() {
		d.close()
		if err == nil || ctx.Err() != nil { // ended by itself, or by whoever looks on
			remove()
		} else if o.Dir == "" {
			err = fmt.Errorf("%w (logs: %s/*/haltwire.log)", err, dir)
		}
	}()
	if err := d.build(); err != nil {
		return err
	}
	return d.play(ctx)
}

func (o Options) folder() (dir string, remove func(), err error) {
	if o.Dir != "" {
		if left, err := os.ReadDir(o.Dir); err == nil && len(left) > 0 {
			return "", nil, fmt.Errorf("--dir %s: the folder is not empty; name a new one", o.Dir)
		}
		// The configurations of the two name files of one another, and paths in a
		// configuration start at its own folder.
		dir, err := filepath.Abs(o.Dir)
		if err != nil {
			return "", nil, fmt.Errorf("find folder %s: %w", o.Dir, err)
		}
		return dir, func() {}, os.MkdirAll(dir, 0o700)
	}
	dir, err = os.MkdirTemp("", "haltwire-demo-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

// stage is the two countries and what runs in them.
type stage struct {
	o         Options
	dir       string
	countries []*country
	failed    chan error
	running   sync.WaitGroup // the apps
	begin     time.Time
	looked    time.Time // when the live view last counted
}

func (d *stage) build() error {
	plans := []plan{{"IN", "FIU of India", d.o.Rate, 0.0005}, {"GB", "FIU of the United Kingdom", max(1, d.o.Rate/4), 0.0002}}
	for _, p := range plans {
		c, err := newCountry(d.dir, p)
		if c != nil {
			d.countries = append(d.countries, c)
		}
		if err != nil {
			return err
		}
	}
	in, gb := d.countries[0], d.countries[1]
	return errors.Join(in.configure(plans[0], gb, plans[1].name), gb.configure(plans[1], in, plans[0].name))
}

// play runs both countries, their people and their reporters, and sums up.
func (d *stage) play(ctx context.Context) error {
	appCtx, stopApps := context.WithCancel(context.WithoutCancel(ctx))
	defer d.running.Wait()
	defer stopApps()
	d.failed = make(chan error, 2*len(d.countries))
	fmt.Fprintln(d.o.Notes, "starting two haltwires, each with its own broker and ClickHouse")
	if err := d.startApps(ctx, appCtx); err != nil {
		return err
	}
	people, goHome := context.WithCancel(appCtx)
	defer goHome()
	var staff sync.WaitGroup
	defer staff.Wait()
	defer goHome()
	for _, c := range d.countries {
		staff.Go(func() { officers{c}.run(people) })
	}
	d.begin = time.Now()
	d.looked = d.begin
	if err := d.report(ctx); err != nil {
		return err
	}
	played := time.Since(d.begin)
	fmt.Fprintln(d.o.Notes, "reports have ended; waiting for what is under way")
	if err := d.drain(appCtx); err != nil {
		return err
	}
	return d.sumUp(appCtx, played)
}

// startApps runs both haltwires and waits until they are ready.
func (d *stage) startApps(ctx, appCtx context.Context) error {
	for _, c := range d.countries {
		d.running.Go(func() {
			if err := c.app.Run(appCtx); err != nil {
				d.failed <- fmt.Errorf("%s: %w", c.code, err)
			}
		})
	}
	for _, c := range d.countries {
		select {
		case <-c.app.Ready():
		case err := <-d.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// report publishes until the time is over or ctx ends, showing the live view.
func (d *stage) report(ctx context.Context) error {
	if d.o.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.o.For)
		defer cancel()
	}
	var feeders sync.WaitGroup
	for _, c := range d.countries {
		feeders.Go(func() {
			if err := c.feeder.run(ctx, c.app.Brokers()); err != nil {
				d.failed <- err
			}
		})
	}
	defer feeders.Wait()
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-d.failed:
			return err
		case <-t.C:
			d.show()
		}
	}
}

// show draws the live view.
func (d *stage) show() {
	if !d.o.Screen {
		return
	}
	fmt.Fprint(d.o.Out, "\x1b[H\x1b[2J")
	Render(d.o.Out, d.snapshot(time.Now()), d.o.Width)
}

// drain waits until every report is stored and every alert has come to rest.
func (d *stage) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	for {
		select {
		case err := <-d.failed:
			return err
		default:
		}
		rest, err := d.unfinished(ctx)
		if err == nil && rest == "" {
			return nil
		}
		d.show()
		if fault.Sleep(ctx, 200*time.Millisecond) != nil {
			return fmt.Errorf("not drained within %s: %w", drainTime, errors.Join(err, errors.New(rest)))
		}
	}
}

// unfinished says what is still under way, "" when nothing is.
func (d *stage) unfinished(ctx context.Context) (string, error) {
	for _, c := range d.countries {
		n := c.app.Counts()
		reports, hits, alerts, err := c.app.Store().Counts(ctx)
		if err != nil {
			return "", err
		}
		all := c.app.Desk().List(desk.Filter{})
		switch sent := c.feeder.sent.Load(); {
		case n.Reports < sent:
			return fmt.Sprintf("%s: %d of %d reports read", c.code, n.Reports, sent), nil
		case reports < sent-n.Dead:
			return fmt.Sprintf("%s: %d of %d reports stored", c.code, reports, sent-n.Dead), nil
		case hits+n.Overturned < n.Hits || alerts < uint64(len(all)):
			return fmt.Sprintf("%s: %d of %d hits (%d overturned), %d of %d alerts stored", c.code, hits, n.Hits, n.Overturned, alerts, len(all)), nil
		}
		for _, v := range all {
			if !rests(v) {
				return fmt.Sprintf("%s: alert %s is %s", c.code, v.ID, v.State), nil
			}
		}
	}
	return "", nil
}

// rests reports whether nothing more will happen to an alert by itself.
func rests(v desk.View) bool {
	return slices.Contains([]string{"decided", "refused", "rejected", "answered", "closed", "undeliverable"}, v.State) || v.Blocked != ""
}

func (d *stage) sumUp(ctx context.Context, played time.Duration) error {
	s := Summary{Seconds: int(played.Round(time.Second).Seconds()), Countries: map[string]CountrySummary{}}
	var times []time.Duration
	for _, c := range d.countries {
		sum, err := c.summary(ctx)
		if err != nil {
			return err
		}
		s.Countries[c.code] = sum
		times = append(times, c.receipts()...)
	}
	slices.Sort(times)
	s.Receipt = Quantiles{quantile(times, .5).Milliseconds(), quantile(times, .99).Milliseconds()}
	if d.o.JSON {
		return json.NewEncoder(d.o.Out).Encode(s)
	}
	Render(d.o.Out, d.snapshot(time.Now()), max(d.o.Width, 120))
	return nil
}

func (d *stage) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, c := range d.countries {
		c.close(ctx)
	}
}
