package app

import (
	"context"
	"errors"
)

func (o *BacktestOptions) history(_ context.Context, _ []*side) (tableInput, error) {
	return nil, errors.New("name a file")
}
