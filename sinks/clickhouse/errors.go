package clickhouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/haltwire/haltwire/pipeline/fault"
)

// rowFault reports whether an exception of this code is about the values of a
// row, so that the same row is refused for ever while others may pass. A code
// that is not listed is about the server or the table (memory, parts, access, a
// missing column) and is retried: an operator cures it, and a report that waits
// is not lost.
func rowFault(code proto.Error) bool {
	switch code {
	case proto.ErrViolatedConstraint, // CONSTRAINT … CHECK on the table
		proto.ErrFunctionThrowIfValueIsNonZero, // throwIf in a materialized view
		proto.ErrIllegalDivision,               // likewise
		proto.ErrArgumentOutOfBound,
		proto.ErrValueIsOutOfRangeOfDataType,
		proto.ErrCannotInsertNullInOrdinaryColumn, // a column made NOT NULL by hand
		proto.ErrCannotConvertType,                // a column whose type was changed by hand
		proto.ErrDecimalOverflow,
		proto.ErrTooLargeStringSize, // FixedString
		proto.ErrCannotParseText,
		proto.ErrCannotParseInputAssertionFailed,
		proto.ErrCannotParseDate,
		proto.ErrCannotParseDatetime,
		proto.ErrCannotParseNumber,
		proto.ErrCannotParseUUID,
		proto.ErrCannotParseDomainValueFromString,
		proto.ErrCannotParseBool:
		return true
	}
	return false
}

// classify gives err, from doing what, its kind: Stopping when ctx ended,
// Permanent when a row is at fault, else Retry.
func classify(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
		return fault.As(fault.Stopping, fmt.Errorf("%s: %w", what, err))
	}
	err = fmt.Errorf("%s: %w", what, err)
	if kind := fault.Of(err); kind != fault.Retry && kind != fault.Stopping {
		return fault.As(kind, err) // who made it knows better
	}
	if code, ok := exceptionCode(err); ok && rowFault(code) {
		return fault.As(fault.Permanent, err)
	}
	return fault.As(fault.Retry, err)
}

// exceptionCode returns the code of the server's exception in err.
func exceptionCode(err error) (proto.Error, bool) {
	if e, ok := ch.AsException(err); ok {
		return e.Code, true
	}
	var e *clickhouse.Exception
	if errors.As(err, &e) {
		return proto.Error(e.Code), true
	}
	return 0, false
}
