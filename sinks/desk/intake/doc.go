// Package intake owns the way from what others say, a hit or a partner's
// message, to events of the case log: which key it gets, which of its members
// Apply may see, and which are sealed.
//
// It must not know how events are written nor what they do to an alert.
package intake
