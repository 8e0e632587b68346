// Package apply owns what an event of the case log means: Apply folds one event
// into the state of a subject, and Due lists what that state still asks its
// owner to do.
//
// It is pure: it reads no clock, no config and no policy, opens no personal
// data, and gives the same state for the same events in every instance. Who
// wants a decision that needs a policy (may this go out by itself?) writes it on
// the log as an event.
//
// Effects are not handed out once, at the event that causes them: Due derives
// them from the state, so an owner that takes over a partition knows what is
// left without having seen how it came to be. Every effect ends in an event that
// makes it disappear from Due.
//
// # Signatures
//
// An approval of a request is over a digest of what would go out (freeze.ContentDigest),
// which the desk computes, and over the state that it was made of (Alert.Content). A
// change of the state voids it at once, and the owner writes approval.voided so that
// people and analysts see it; where only the digest has changed, by the config, the
// owner voids it instead of freezing the message. queued holds for every writer that a
// frozen request says what each of its signers has signed, and that they are enough.
//
// A change of what an event means raises Version, which message.queued records;
// old events keep their meaning.
//
// # Machines
//
// An alert is three machines (FREEZE 3): the request (request.go, and inbound.go for
// direction in), its measures (measure.go) and its recall legs (recall.go), with the
// consent to use what a partner found (consent.go). Each file declares the acts that
// officers approve, takes in the events of its machine, and adds to what is due and
// to the timers.
package apply

// Version is the version of the fold. 2 (2026-11-24): officers take amendments
// up, and what a partner withdraws is lifted and answered; events that say so
// carry a member that events of version 1 do not have. 3 (2026-11-24): a rule may
// change its word about a report, and take it back and give it again: the last
// word counts, and a proposal holds what the words that stand ask for and no more.
// Events about hits carry the version since then. 4 (2026-11-24): roles, nobody
// approves what he wrote, and the machines of measures, recalls and consent; events of
// officers carry the version since then. 5 (2026-11-24): a request that nobody signed
// goes out only while a hit stands that lets it, and an instruction that reports of ours
// ask for too before it is frozen is for people to approve; outcomes carry the version
// since then, and say what of them does not fit. 6 (2026-11-24): of onward movements that
// wait for officers there is one task, and an account that a movement leads to no more is
// told so; the words of the trail carry the version since then. 7 (2026-11-24): what goes
// on after its withdrawal had gone out is said to the party anew, once as many officers
// have approved that as the request took; and a partner that amends what it took back, or
// what is over, asks anew; who takes a request back says why with the same code. 8
// (2026-11-24): orders of a measure add up that say the same basis, amount and end, and
// the bank is told those. 9 (2026-11-24): of the movements that nobody can be
// asked about there is one task, which says how many they are.
const Version = 9

// wordsSince is the version from which on the last word about a report counts.
const wordsSince = 3

// peopleSince is the version from which on the roles of officers count.
const peopleSince = 4

// hitSince is the version from which on it counts, when a request is frozen, which hits
// stand then.
const hitSince = 5

// fitSince is the version from which on outcomes are compared with what was asked.
const fitSince = 5

// onwardSince is the version from which on onward movements wait together, and one
// that leads to another account than before is a movement to follow anew.
const onwardSince = 6

// againSince is the version from which on what was taken back can be asked for again.
const againSince = 7

// orderSince is the version from which on the amount and the end of an order count.
const orderSince = 8

// blockedSince is the version from which on movements that nobody can be asked about are
// one task.
const blockedSince = 9
