package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/desk/control"
)

// maxRuleFile is 1 MiB, as the reader of rules allows.
const maxRuleFile = 1 << 20

// firstJudge returns the judge to start with. What set the last one in force may
// have been judged up to its last offset without a commit; set begins where the
// topics end now, unless it is in force already.
func (a *App) firstJudge(ctx context.Context, set *ruleSet) (pipeline.Judge, error) {
	now, before, err := a.lastActivations(ctx)
	if err != nil {
		return nil, err
	}
	if now == nil {
		return a.judge(set), a.activate(ctx, set, nil)
	}
	if now.Digest != set.set.Digest {
		ends, err := a.ends()
		if err != nil {
			return nil, err
		}
		if err := a.activate(ctx, set, ends); err != nil {
			return nil, err
		}
		now, before = &control.Activation{Digest: set.set.Digest, From: positions(ends)}, now
	}
	if before == nil {
		return a.judge(set), nil
	}
	old, err := a.rulesOf(*before)
	if err != nil {
		a.log.Warn("the rules before these cannot be read any more; reports that were not committed are judged by the new ones", telemetry.Error, err)
		return a.judge(set), nil
	}
	return succession{before: a.judge(old), after: a.judge(set), from: offsets(now.From)}, nil
}

// lastActivations returns the two latest sets of rules on the control topic.
func (a *App) lastActivations(ctx context.Context) (now, before *control.Activation, err error) {
	all, err := a.desk.Activations(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, one := range slices.Backward(all) {
		switch {
		case one.Kind != "rules":
		case now == nil:
			now = &one
		default:
			return now, &one, nil
		}
	}
	return now, nil, nil
}

// activate notes on the control topic, before the swap, that set holds from the
// given offsets on; partitions that are not given hold from their first.
func (a *App) activate(ctx context.Context, set *ruleSet, from map[event.Partition]int64) error {
	content, err := ruleText(a.config.Rules.Dir)
	if err != nil {
		return err
	}
	return a.desk.Activate(ctx, control.Activation{Kind: "rules", Digest: set.set.Digest, At: time.Now().UTC(), From: positions(from), Content: content})
}

// ends returns where the topics of reports end now.
func (a *App) ends() (map[event.Partition]int64, error) {
	c, err := a.config.Kafka.Sarama()
	if err != nil {
		return nil, err
	}
	client, err := sarama.NewClient(a.config.Kafka.Brokers, c)
	if err != nil {
		return nil, fmt.Errorf("find ends of topics: %w", err)
	}
	defer func() { _ = client.Close() }() // nothing was written through it
	ends := map[event.Partition]int64{}
	for _, t := range a.config.Kafka.Topics {
		ids, err := client.Partitions(t.Name)
		if err != nil {
			return nil, fmt.Errorf("find partitions of %s: %w", t.Name, err)
		}
		for _, id := range ids {
			end, err := client.GetOffset(t.Name, id, sarama.OffsetNewest)
			if err != nil {
				return nil, fmt.Errorf("find end of %s/%d: %w", t.Name, id, err)
			}
			ends[event.Partition{Topic: t.Name, ID: id}] = end
		}
	}
	return ends, nil
}

func positions(from map[event.Partition]int64) []event.Position {
	out := make([]event.Position, 0, len(from))
	for p, o := range from {
		out = append(out, event.Position{Topic: p.Topic, Partition: p.ID, Offset: o})
	}
	slices.SortFunc(out, func(a, b event.Position) int {
		if c := strings.Compare(a.Topic, b.Topic); c != 0 {
			return c
		}
		return int(a.Partition) - int(b.Partition)
	})
	return out
}

func offsets(from []event.Position) map[event.Partition]int64 {
	out := map[event.Partition]int64{}
	for _, p := range from {
		out[event.Partition{Topic: p.Topic, ID: p.Partition}] = p.Offset
	}
	return out
}

// ruleText returns every rule file of dir as one JSON object, path to text.
func ruleText(dir string) ([]byte, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if len(text) > maxRuleFile {
			return fmt.Errorf("%s is larger than 1 MiB", path)
		}
		files[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	return json.Marshal(files)
}

// rulesOf compiles the rules of an earlier activation.
func (a *App) rulesOf(old control.Activation) (*ruleSet, error) {
	var files map[string]string
	if err := json.Unmarshal(old.Content, &files); err != nil {
		return nil, fmt.Errorf("read activation of %s: %w", old.Digest, err)
	}
	dir, err := os.MkdirTemp("", "haltwire-rules-")
	if err != nil {
		return nil, fmt.Errorf("unpack rules: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a leftover costs a few KB
	for name, text := range files {
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("unpack rules: %q is not a path below the folder", name)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("unpack rules: %w", err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("unpack rules: %w", err)
		}
	}
	return a.reports.loadRules(dir, old.At)
}
