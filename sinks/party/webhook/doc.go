// Package webhook owns the sending side of FREEZE 2.4: one attempt to POST one
// frozen message to one party, and the judgement of what came back.
//
// It must not know queues, retries, alerts or policy: the lane that calls Send
// decides when to try again. It keeps no state but idle connections.
//
// A party's URL is configured, but its DNS is the party's: every address is
// checked when it is dialled, after resolution, so neither a changed DNS answer
// nor a redirect leads into our own network. Redirects are never followed and
// proxies of the environment never used.
package webhook
