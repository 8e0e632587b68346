package main

import (
	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/sinks/freeze"
)

func schemaCmd() *cobra.Command {
	return &cobra.Command{
		Use:       "schema rule|report|freeze",
		Short:     "Print a JSON Schema (2020-12): of rule files, of a report, or of the messages between parties",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"rule", "report", "freeze"},
		RunE: func(c *cobra.Command, args []string) error {
			text, err := schemaText(c, args[0])
			if err != nil {
				return exit(2, err)
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		},
	}
}

func schemaText(c *cobra.Command, of string) ([]byte, error) {
	switch of {
	case "freeze":
		return freeze.Schema(), nil
	case "rule":
		return spec.Schema(), nil
	}
	conf := config.Default()
	path, err := c.Flags().GetString("config")
	if err != nil {
		return nil, err
	}
	if path != "" {
		if conf, err = config.Read(path); err != nil {
			return nil, err
		}
	}
	s, err := conf.Schema()
	if err != nil {
		return nil, err
	}
	kinds, err := code.NewKinds(conf.Kinds...)
	if err != nil {
		return nil, err
	}
	return app.ReportSchema(s, kinds)
}
