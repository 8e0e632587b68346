// Package inbound owns what happens to a partner's message before the desk sees
// it: identify, verify, bound, limit, read strictly, recognise repetitions, and
// answer with a signed receipt (FREEZE 2.4).
//
// It must not know alerts, states or the case log: the desk puts a message on
// the log before it is receipted, and knows after a restart what it has
// receipted. Door is the part that HTTP and Kafka share; Handler is HTTP.
//
// Nothing that fails a check of signature, time, nonce or digest reaches the
// desk. What fails a check of form is answered with a rejecting receipt; such a
// receipt is remembered in memory only, so that after a restart the same bad
// message may get one with another time.
package inbound
