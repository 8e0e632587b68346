package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/lang"
)

// faultsFrom is how many reports a share of errors is judged by at least.
const faultsFrom = 100

// faults watches the run-time errors of one set of rules. One goroutine uses it.
type faults struct {
	metrics *telemetry.Metrics
	log     *slog.Logger
	rules   []*lang.Rule // by position in the plan
	last    []uint64
	warned  []bool
	reports uint64 // judged
	looked  time.Time
}

func newFaults(m *telemetry.Metrics, log *slog.Logger, rules []*lang.Rule) *faults {
	return &faults{metrics: m, log: log, rules: rules, last: make([]uint64, len(rules)), warned: make([]bool, len(rules)), looked: time.Now()}
}

// due counts reports and reports whether it is time to look again.
func (f *faults) due(reports int, now time.Time) bool {
	f.reports += uint64(reports)
	if now.Sub(f.looked) < measureEvery {
		return false
	}
	f.looked = now
	return true
}

// look records what is new among errors, by position of the rule, and warns once of
// a rule that fails on more than one report in a hundred.
func (f *faults) look(errors []uint64) {
	for i, r := range f.rules {
		if i >= len(errors) || errors[i] <= f.last[i] {
			continue
		}
		f.metrics.RuleErrors.Add(context.Background(), int64(errors[i]-f.last[i]), telemetry.Attr(telemetry.Rule, r.ID))
		f.last[i] = errors[i]
		if !f.warned[i] && f.reports >= faultsFrom && errors[i] > f.reports/100 {
			f.warned[i] = true
			f.log.Warn("a rule cannot be computed on more than 1 % of the reports; its operand is missing there", telemetry.Rule, r.ID, "errors", errors[i], "reports", f.reports)
		}
	}
}
