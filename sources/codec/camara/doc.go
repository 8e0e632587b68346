// Package camara decodes the events of the CAMARA network APIs (SIM swap, device
// swap, call forwarding) into reports. An event is a CloudEvent 1.0 in structured
// mode, one a record; sources/kafka hands binary mode on as structured mode, so that
// raw bytes, dead letters and replays are whole.
//
//	id               report_id
//	source           reporter, unless the topic's config names one
//	time             occurred_at
//	type             kind, see Kind
//	data.phoneNumber subscriber.phone; where an event has none, as in the 3-legged
//	                 form, the phone that the table of subscriptions had at that time
//	data.subscriptionId subscriber.subscription_id
//	data.device.phoneNumber as data.phoneNumber, of older releases
//	the rest         extra, under its dotted path
//
// What is refused, by reason, beyond what DESIGN §3 says for the columns:
//
//	syntax           no JSON object, no CloudEvent 1.0, or bytes behind it
//	utf8, duplicate_member, too_large as codec/json says
//	code             a type that is no report: another API, or the life-cycle of a
//	                 subscription, whose end means that no more events will come
//	missing_phone    no phone number and no subscription that the table knows
//
// Decoding allocates: an operator sends some events a second, a bank some thousand
// reports.
//
// The package knows nothing about Kafka, files or rules.
package camara
