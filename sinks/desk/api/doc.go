// Package api owns the loopback API of the desk, /api/v1, the probes beside it
// and the client that `haltwire alerts` uses.
//
//	GET  /api/v1/alerts?direction=&state=&party=&limit=   {"alerts":[…]}
//	GET  /api/v1/alerts/{id}                               one alert, with personal data; an id may be cut short
//	POST /api/v1/alerts/{id}/{do}                          {"as":"O1", …}; see desk.Action
//	GET  /healthz, /readyz                                 without token
//	POST /-/reload                                         reloads the rules
//
// Every path under /api and /-/ needs the header "Authorization: Bearer TOKEN".
// Errors are {"error":"…"} with 400, 401, 404, 409 (the state does not allow
// it), 500 or 503.
//
// It must not know what an action does to an alert.
package api
