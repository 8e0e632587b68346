package lang

// Alone returns the set of the rule at position i, the rules whose hits it counts,
// theirs, and so on, each as a copy with the status that is asked for.
func (s *Set) Alone(i int, status func(*Rule) Status) *Set {
	at := make(map[string]int, len(s.Rules))
	for j, r := range s.Rules {
		at[r.ID] = j
	}
	need := map[int]bool{}
	var visit func(j int)
	visit = func(j int) {
		if need[j] {
			return
		}
		need[j] = true
		for _, w := range s.Rules[j].Weights {
			if k, ok := at[w.Rule]; ok {
				visit(k)
			}
		}
	}
	visit(i)
	out, now := *s, map[int]int{}
	out.Rules, out.Order = nil, nil
	for j, r := range s.Rules {
		if need[j] {
			now[j] = len(out.Rules)
			own := *r
			own.Status = status(r)
			out.Rules = append(out.Rules, &own)
		}
	}
	for _, j := range s.Order {
		if need[j] {
			out.Order = append(out.Order, now[j])
		}
	}
	return &out
}
