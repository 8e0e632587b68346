package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/sinks/audit"
)

func auditCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "Prove the case log, and messages to strangers",
		Long: `Every record of the case log is a leaf of a Merkle tree, and what the trees were
is signed every minute. verify reads the log and says up to where it is what was
signed; bundle proves the messages of one alert to the party that they were
exchanged with, and tells it nothing else.`,
	}
	c.AddCommand(auditVerify(), auditBundle())
	return c
}

func auditVerify() *cobra.Command {
	var output, bundle, keys string
	c := &cobra.Command{
		Use: "verify", Short: "Compare the case log, or a bundle, with what was signed", Args: cobra.NoArgs,
		Long: `Reads the whole case log and its checkpoints from Kafka, while haltwire runs or
not. With --bundle it needs neither config nor network: the file is checked by the
keys in --keys, or by its own key, which then proves nothing about who made it.
Exit 0: all is as signed. 1: it is not. 2: it could not be read.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "json" && output != "table" {
				return exit(2, fmt.Errorf("-o %s: write json or table", output))
			}
			if bundle != "" {
				return verifyBundle(c.OutOrStdout(), output, bundle, keys)
			}
			conf, err := readKafkaConfig(c)
			if err != nil {
				return exit(2, err)
			}
			a, err := app.NewAudit(conf)
			if err != nil {
				return exit(2, err)
			}
			r, err := a.Verify(c.Context(), keys)
			if err != nil {
				return exit(2, err)
			}
			if err := printReport(c.OutOrStdout(), output, r); err != nil {
				return exit(2, err)
			}
			if !r.Sound {
				return exit(1, errors.New("the log is not what was signed: keep the broker's files as they are, and compare with another copy"))
			}
			return nil
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "table", "json or table")
	c.Flags().StringVar(&bundle, "bundle", "", "check this bundle instead of the log")
	c.Flags().StringVar(&keys, "keys", "", "JWKS `FILE` of the party whose log it is: keys that it has published, older ones too")
	return c
}

func auditBundle() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "bundle ALERT", Short: "Write what proves the messages of an alert to its party", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			conf, err := readKafkaConfig(c)
			if err != nil {
				return exit(2, err)
			}
			a, err := app.NewAudit(conf)
			if err != nil {
				return exit(2, err)
			}
			m, err := writeNew(out, func(w io.Writer) (audit.Manifest, error) { return a.Bundle(c.Context(), args[0], w) })
			if err != nil {
				return exit(2, err)
			}
			fmt.Fprintf(c.ErrOrStderr(), "wrote %s: %d messages with %s about alert %s; haltwire audit verify --bundle checks it\n", out, len(m.Messages), m.Party, m.AlertID)
			if m.Unproven > 0 {
				fmt.Fprintf(c.ErrOrStderr(), "%d messages are younger than the last checkpoint and left out: make the bundle again in a minute\n", m.Unproven)
			}
			return nil
		},
	}
	c.Flags().StringVarP(&out, "out", "O", "", "`FILE` to write, which must not exist")
	_ = c.MarkFlagRequired("out") // the flag exists
	return c
}

// writeNew writes a file that nobody else may read, whole or not at all.
func writeNew(name string, write func(io.Writer) (audit.Manifest, error)) (audit.Manifest, error) {
	if _, err := os.Lstat(name); err == nil {
		return audit.Manifest{}, fmt.Errorf("%s exists", name)
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".bundle-")
	if err != nil {
		return audit.Manifest{}, fmt.Errorf("write bundle: %w", err)
	}
	m, err := write(f)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return m, errors.Join(err, os.Remove(f.Name()))
	}
	return m, nil
}

func verifyBundle(w io.Writer, output, name, keys string) error {
	f, err := os.Open(name)
	if err != nil {
		return exit(2, err)
	}
	defer func() { _ = f.Close() }() // read only
	info, err := f.Stat()
	if err != nil {
		return exit(2, err)
	}
	party, err := audit.BundleOf(f, info.Size())
	if err != nil {
		return exit(1, fmt.Errorf("%s: %w", name, err))
	}
	var trusted []string
	if keys != "" {
		if trusted, err = app.VerifiersOf(party, keys); err != nil {
			return exit(2, err)
		}
	}
	v, err := audit.VerifyBundle(f, info.Size(), trusted...)
	if err != nil {
		return exit(1, fmt.Errorf("%s: %w", name, err))
	}
	if err := printVerdict(w, output, v); err != nil {
		return exit(2, err)
	}
	return nil
}

func printVerdict(w io.Writer, output string, v *audit.Verdict) error {
	if output == "json" {
		return printJSON(w, v)
	}
	for _, p := range v.Manifest.Messages {
		fmt.Fprintf(w, "proven  %s  record %d of the log of %s\n", p.MessageID, p.Index, v.Manifest.Log)
	}
	if v.Manifest.Unproven > 0 {
		fmt.Fprintf(w, "%d younger messages are not in the bundle\n", v.Manifest.Unproven)
	}
	if !v.Trusted {
		fmt.Fprintf(w, "by the key in the bundle, %s: compare it with what %s has published, or give --keys\n", v.Manifest.Verifier, v.Manifest.Log)
	}
	return nil
}

func printReport(w io.Writer, output string, r *audit.Report) error {
	if output == "json" {
		return printJSON(w, r)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PARTITION\tRECORDS\tCHECKPOINTS\tPROVEN\tUNTIL\tROOT")
	for _, p := range r.Partitions {
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%s\t%s\n", p.Partition, p.Records, p.Checkpoints, p.Proven, p.Until, p.Root)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, p := range r.Partitions {
		for _, x := range p.Problems {
			fmt.Fprintf(w, "partition %d, offsets %d to %d: %s\n", p.Partition, x.First, x.Last, x.Text)
		}
	}
	for _, text := range r.Unverified {
		fmt.Fprintln(w, text)
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
