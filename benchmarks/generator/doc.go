// Package generator makes believable fraud reports: mostly harmless payments and
// telecom events, with scripted fraud stories among them. The same seed gives the
// same reports, so that two programs can be measured on the same input. The demo
// publishes them too.
//
// Everything in them is synthetic: accounts of invented banks (HWB…), numbers
// from ranges that no operator assigns, holders without names. It knows the wire
// format of DESIGN §3 and nothing else of haltwire.
package generator
