package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/layout"
	"github.com/haltwire/haltwire/rules/spec"
)

func fmtCmd() *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:   "fmt DIR",
		Short: "Write rule files in their usual form, which never changes what they mean",
		Long: `Writes every *.yaml below DIR with its keys in one order, two spaces of
indentation, no blank lines, and expressions that YAML would cut as | blocks, and
prints the files that it changed. Files with errors stay as they are, and so does a
file whose comments have no place in the usual form.

Exit code: 0; 1 when a file has errors or, under --check, is not in the usual form;
2 when it could not run.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runFmt(c, args[0], check) },
	}
	c.Flags().BoolVar(&check, "check", false, "write nothing, only print which files would change")
	return c
}

func runFmt(c *cobra.Command, dir string, check bool) error {
	path, err := c.Flags().GetString("config")
	if err != nil {
		path = "" // run without its root command
	}
	options, err := vocabulary(path, dir)
	if err != nil {
		return exit(2, err)
	}
	tree, findings, err := spec.Read(dir)
	if err != nil {
		return exit(2, fmt.Errorf("read rules: %w", err))
	}
	_, more := lang.Check(tree, options)
	wrong := map[string]bool{}
	for _, d := range append(findings, more...) {
		if d.Level == spec.Error && !wrong[d.File] {
			wrong[d.File] = true
			fmt.Fprintf(c.ErrOrStderr(), "%s: has errors and stays as it is; `haltwire check` says which\n", d.File)
		}
	}
	root := dir
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		root = filepath.Dir(dir)
	}
	failed := len(wrong) > 0
	files := filesOf(tree)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if wrong[name] {
			continue
		}
		changed, err := formatFile(c, files[name], filepath.Join(root, filepath.FromSlash(name)), check)
		if err != nil {
			return exit(2, err)
		}
		failed = failed || changed && check
	}
	if failed {
		return exit(1, nil)
	}
	return nil
}

// filesOf returns the files that documents of t stand in, by path.
func filesOf(t *spec.Tree) map[string]*spec.File {
	out := map[string]*spec.File{}
	add := func(s spec.Span) {
		if s.File != nil {
			out[s.File.Path] = s.File
		}
	}
	for _, r := range t.Rules {
		add(r.Span)
	}
	for _, l := range t.Libraries {
		add(l.Name.Span)
	}
	for _, e := range t.Exceptions {
		add(e.Name.Span)
	}
	return out
}

// formatFile writes one file in the usual form, or with check only says so, and
// reports whether it was not.
func formatFile(c *cobra.Command, f *spec.File, path string, check bool) (changed bool, err error) {
	text, err := layout.Format(f.Source)
	switch {
	case errors.Is(err, layout.ErrChanged):
		fmt.Fprintf(c.ErrOrStderr(), "%s: %v\n", f.Path, err)
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%s: %w", f.Path, err)
	case bytes.Equal(text, f.Source):
		return false, nil
	}
	fmt.Fprintln(c.OutOrStdout(), f.Path)
	if check {
		return true, nil
	}
	return true, replaceFile(path, text)
}

// replaceFile writes a file so that there is always a whole one, with the rights of
// the one before it. What a link leads to is replaced, not the link.
func replaceFile(path string, text []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("find file: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("find file: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".fmt-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}
