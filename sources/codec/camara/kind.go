package camara

import "strings"

// Kind returns the kind of report that an event type stands for, or "". Types are
// org.camaraproject.API.VERSION.EVENT (CAMARA API design guide, event types), API
// being the name of an API with or without -subscriptions.
func Kind(eventType string) string {
	rest, ours := strings.CutPrefix(eventType, "org.camaraproject.")
	api, rest, versioned := strings.Cut(rest, ".")
	version, event, named := strings.Cut(rest, ".")
	if !ours || !versioned || !named || !strings.HasPrefix(version, "v") {
		return ""
	}
	switch api = strings.TrimSuffix(api, "-subscriptions"); {
	case strings.HasPrefix(event, "subscription-"):
		return ""
	case api == "sim-swap" && event == "swapped":
		return "telecom.sim_swap"
	case api == "device-swap" && event == "swapped":
		return "telecom.device_change"
	case api == "call-forwarding-signal":
		return "telecom.call_forwarding"
	}
	return ""
}

// forwarding returns the kind of forwarding that an event's name tells of, or "":
// unconditional-call-forwarding-activated is unconditional.
func forwarding(eventType string) string {
	event := eventType[strings.LastIndexByte(eventType, '.')+1:]
	kind, found := strings.CutSuffix(event, "-activated")
	if !found {
		return ""
	}
	kind, _ = strings.CutSuffix(kind, "-call-forwarding")
	return strings.ReplaceAll(kind, "-", "_")
}
