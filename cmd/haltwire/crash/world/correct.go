package world

import (
	"bytes"

	"github.com/haltwire/haltwire/benchmarks/generator"
)

// corrections is what corrected reports of stolen money need to remember.
type corrections struct {
	stolen []generator.Report // said, and not corrected
	held   []generator.Report // corrected already and not said yet
}

const unauthorised = `"authorisation":"unauthorised"`

// correct returns what is said in the place of a new report: the report, and now
// and then a correction by which the money was not stolen, of this report or of
// an old one, after the report or before it, at once or much later. A correction
// is higher than any other version that is said.
func (f *Traffic) correct(r generator.Report) []generator.Report {
	c := &f.corrections
	if !bytes.Contains(r.Value, []byte(unauthorised)) {
		return []generator.Report{r}
	}
	switch f.rng.IntN(12) {
	case 0:
		return []generator.Report{r, cleared(r)}
	case 1:
		return []generator.Report{cleared(r), r}
	case 2:
		held := c.held
		c.held = []generator.Report{r}
		return append(held, cleared(r))
	case 3:
		if n := len(c.stolen); n > 0 {
			i := f.rng.IntN(n)
			old := c.stolen[i]
			c.stolen = append(c.stolen[:i], c.stolen[i+1:]...)
			c.stolen = append(c.stolen, r)
			return []generator.Report{r, cleared(old)}
		}
	}
	c.stolen = append(c.stolen, r)
	return []generator.Report{r}
}

// cleared returns a later version of a report, which says that nobody knows
// whether the customer authorised the payment.
func cleared(r generator.Report) generator.Report {
	r.Value = bytes.Replace(r.Value, []byte(unauthorised), []byte(`"authorisation":"unknown"`), 1)
	r.Value = append([]byte(`{"revision":3,`), r.Value[1:]...)
	return r
}
