package desk

import (
	"context"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// Ledger keeps rows for analysts. sinks/clickhouse implements it. Every method
// blocks until the rows are stored; writing a row again is harmless; an error is
// one that another try may cure. Safe for concurrent use.
type Ledger interface {
	WriteHits(ctx context.Context, rows []caselog.HitRow) error
	WriteAlerts(ctx context.Context, rows []caselog.AlertRow) error
	WriteCaseEvents(ctx context.Context, rows []caselog.CaseEventRow) error
	WriteDeliveries(ctx context.Context, rows []caselog.DeliveryRow) error
	WriteMessages(ctx context.Context, rows []caselog.MessageRow) error
	WriteMeasures(ctx context.Context, rows []caselog.MeasureRow) error
	WriteFunds(ctx context.Context, rows []caselog.FundsRow) error
	WritePayments(ctx context.Context, rows []caselog.PaymentRow) error
}

func (t *tenure) record(context.Context) (failed <-chan error, stop func()) {
	return nil, func() {}
}
