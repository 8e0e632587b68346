package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// After returns the moment, Unix ms, at which a timer that began at from rings for
// an alert with that party, or 0 for never (FREEZE 3.6). The names:
//
//	T1/1 T1/2 T1/3   approval; all count from the proposal
//	T2 gap           machine receipt; a message ahead of its sequence
//	T3 T4            acceptance and decision of the party's desk
//	T5 T5/2 T5/3 …   confirmation; all count from the provisional request
//	T6               validity of a request
//	T7/lapsed        how long a measure is presumed lapsed before it is
//	T8 T9            answer to a recall, to a consent request
//	T11              review of a measure in force
//	T12              retention, from the closing of the alert
//	T3in T4in        our acceptance and decision of what a partner asks
//	info release     our answer to more_info, our reply once the bank has answered
func (b *Book) After(party, timer, urgency string, from int64) int64 {
	start := time.UnixMilli(from)
	name, step, _ := strings.Cut(timer, "/")
	n := 1
	if i, err := strconv.Atoi(step); err == nil {
		n = i
	}
	if d := fixed(timer, name, urgency, n); d > 0 {
		return start.Add(d).UnixMilli()
	}
	return 0
}

func fixed(timer, name, urgency string, step int) time.Duration {
	switch name {
	case "T1":
		steps := map[string][]int{"critical": {10, 15, 30}, "high": {30, 60, 120}}[urgency]
		if steps == nil {
			steps = []int{240, 480, 1440}
		}
		return time.Duration(steps[min(step, len(steps))-1]) * time.Minute
	case "T5":
		return time.Hour + time.Duration(step-1)*30*time.Minute
	}
	return map[string]time.Duration{
		"T2": time.Minute, "gap": time.Minute, "T6": valid, "T7/lapsed": 24 * time.Hour, "T11": 7 * 24 * time.Hour,
		"info": 4 * time.Hour, "T3in": time.Hour, "release": 30 * time.Minute,
		"T3": time.Hour, "T4": 24 * time.Hour, "T4in": 24 * time.Hour, "T8": 21 * 24 * time.Hour, "T9": 24 * time.Hour,
	}[timer]
}

// Before returns the moments, Unix ms and in order, at which the end of a measure
// of the party is announced (T7): half of its life, two working days, one working
// day and four hours before its end; those between from and end.
func (b *Book) Before(_ string, from, end int64) []int64 {
	day := int64(24 * time.Hour / time.Millisecond)
	all := []int64{from + (end-from)/2, end - 2*day, end - day, end - day/6}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(at int64) bool { return at <= from || at >= end })
}

// Needs returns how many different people have to approve a request with these
// asks to the party.
func (b *Book) Needs(party string, asks []string) int {
	p := b.Party(party)
	if p == nil {
		return 2
	}
	if p.Policy.Profile == "own_bank" && len(asks) > 0 && !slices.ContainsFunc(asks, func(ask string) bool { return ask != "recall" && isMeasure(ask) }) {
		return 1
	}
	return 2
}
