package people

// CountVerify tells each try of a password to seen, with the hash it is tried
// against.
func (p *People) CountVerify(seen func(encoded string)) {
	verify := p.verify
	p.verify = func(password, encoded string) bool {
		seen(encoded)
		return verify(password, encoded)
	}
}

// Occupy takes all places in which passwords are tried, and returns how they are
// given back.
func (p *People) Occupy() (release func()) {
	for range cap(p.trying) {
		p.trying <- struct{}{}
	}
	return func() {
		for range cap(p.trying) {
			<-p.trying
		}
	}
}
