package event

// MaxDict is how many values a dictionary takes before it starts anew: 65,536
// values of a hostile sender cost about 4 MB a column.
const MaxDict = 1 << 16

// Dict gives codes to the values of one Symbol column, for as long as its
// decoder lives. It only grows within a generation, so a plan that has judged
// the first n values needs to judge only those behind them.
type Dict struct {
	values     []string
	codes      map[string]uint32
	generation uint64
	last       uint32
}

// NewDict returns a dictionary whose code 0 means missing.
func NewDict() *Dict {
	d := &Dict{}
	d.restart()
	return d
}

func (d *Dict) restart() {
	d.values = []string{""}
	d.codes = map[string]uint32{}
	d.generation++
	d.last = 0
}

// Code returns the code of s, giving it a new one at first sight.
func (d *Dict) Code(s []byte) uint32 {
	if d.values[d.last] == string(s) {
		return d.last
	}
	c, ok := d.codes[string(s)]
	if !ok {
		c = uint32(len(d.values))
		v := string(s)
		d.values = append(d.values, v)
		d.codes[v] = c
	}
	d.last = c
	return c
}

// NextBatch starts a new generation when the dictionary is full. A codec calls
// it between batches, never within one.
func (d *Dict) NextBatch() {
	if len(d.values) > MaxDict {
		d.restart()
	}
}

// Bind gives v the values that its codes mean.
func (d *Dict) Bind(v *Vector) { v.Values, v.Generation = d.values, d.generation }
