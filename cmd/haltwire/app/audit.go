package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/audit"
	"github.com/haltwire/haltwire/sinks/desk/topic"
)

// openProof opens the trees of the case log, before the log is read.
func (a *App) openProof() error {
	own := a.config.Kafka.Own
	var err error
	a.proof, err = audit.Open(audit.Options{
		Dir: filepath.Join(a.config.State.Dir, "audit"), Party: a.config.Party.ID, Partitions: own.CasePartitions,
		Salts: a.border.root, Key: a.border.key, Publish: a.publishCheckpoint, Log: a.log,
	})
	return err
}

// witness takes a record of the case log into its tree.
func (a *App) witness(e topic.Entry) {
	a.proof.Append(audit.Record{Partition: e.Partition, Offset: e.Offset, Appended: e.Appended, Value: e.Value})
}

// startProof follows the checkpoints that lie on their topic, and signs new ones. A
// proof that cannot be kept is an error for operators; alerts go on.
func (a *App) startProof(ctx context.Context) error {
	names := topic.NamesOf(a.config.Kafka.Own.Prefix)
	var err error
	if a.checkpoints, err = topic.NewWriter(a.config.Kafka.Config); err != nil {
		return errors.Join(err, a.proof.Close())
	}
	tail, err := topic.Follow(a.config.Kafka.Config, names.Checkpoints, nil, nil, func(e topic.Entry) { a.proof.Seen(e.Value) })
	if err == nil {
		err = tail.Sync(ctx, 0)
	}
	if err != nil {
		a.checkpoints.Close()
		return errors.Join(err, a.proof.Close())
	}
	a.parts.start(ctx, &part{
		name: "proof",
		run: func(ctx context.Context) error {
			if err := a.proof.Run(ctx); err != nil && ctx.Err() == nil {
				a.log.Error("the case log is not proven any more", telemetry.Error, err)
			}
			return nil
		},
		stop: func(context.Context) error {
			err := tail.Close()
			a.checkpoints.Close()
			return errors.Join(err, a.proof.Close())
		},
	})
	return nil
}

func (a *App) publishCheckpoint(ctx context.Context, partition int32, signed []byte) error {
	_, err := a.checkpoints.Write(ctx, []topic.Message{{
		Topic: topic.NamesOf(a.config.Kafka.Own.Prefix).Checkpoints, Key: strconv.Itoa(int(partition)), Value: signed,
	}})
	if err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return nil
}
