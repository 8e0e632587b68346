package pack

import (
	"embed"
	"io/fs"
)

//go:embed */*.yaml
var files embed.FS

// Files returns the shipped rules, by typology folder, as they stand in this
// package: the demo runs them without a checkout.
func Files() fs.FS { return files }
