package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/sinks/clickhouse"
)

// measureWithin bounds how long the measurement may take: it reads two columns.
const measureWithin = time.Minute

// MeasureRates returns how many reports of each kind came a second over the last
// days, as the ClickHouse of c has them, and over how long that was.
func MeasureRates(ctx context.Context, c *config.Config, days int) (rates map[string]float64, over time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, measureWithin)
	defer cancel()
	s := &services{}
	if c.Embedded.ClickHouse.Enabled {
		if err := s.startEngine(ctx, c); err != nil {
			return nil, 0, fmt.Errorf("%w; while haltwire run uses it, write rules.windows.rates by hand", err)
		}
	}
	rates, over, err = measure(ctx, c.ClickHouse, days)
	if err != nil {
		err = fmt.Errorf("measure rates of reports: %w", err)
	}
	return rates, over, errors.Join(err, s.stop(context.WithoutCancel(ctx)))
}

func measure(ctx context.Context, c clickhouse.Config, days int) (map[string]float64, time.Duration, error) {
	db, err := clickhouse.Dial(c)
	if err != nil {
		return nil, 0, err
	}
	defer db.Close()
	now := time.Now()
	rows, err := db.Query(ctx, "SELECT kind, count(), min(kafka_time) FROM reports WHERE kafka_time >= ? AND kafka_time < ? GROUP BY kind", now.AddDate(0, 0, -days), now)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	counts, first := map[string]uint64{}, now
	for rows.Next() {
		var kind string
		var n uint64
		var at time.Time
		if err := rows.Scan(&kind, &n, &at); err != nil {
			return nil, 0, err
		}
		counts[kind] = n
		if at.Before(first) {
			first = at
		}
	}
	if err := rows.Err(); err != nil {
		return nil, 0, err
	}
	if len(counts) == 0 {
		return nil, 0, fmt.Errorf("no report came in the last %d days", days)
	}
	over := max(now.Sub(first), time.Second)
	rates := map[string]float64{}
	for kind, n := range counts {
		rates[kind] = float64(n) / over.Seconds()
	}
	return rates, over, nil
}
