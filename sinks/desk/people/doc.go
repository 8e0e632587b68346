// Package people owns who works at the desk: logins, sessions, tokens, roles.
//
// A person is somebody of the users file (people.file; package register), who
// logs in with a password and a one-time code, or somebody whom an OpenID Connect
// provider vouches for (people.oidc; package oidc). Both end in a session of this
// process (package session): its random id stands in a cookie, and a restart ends
// all of them. Tokens of the users file stand for a person or a machine without a
// login; nothing that a machine's token may do is a decision.
//
//	POST /api/v1/login           {"id","password","code"} → session
//	GET  /api/v1/session         who am I, and the CSRF token
//	POST /api/v1/logout          ends the session
//	GET  /auth/oidc/start        to the provider
//	GET  /auth/oidc/callback     and back
//
// Cookies: over TLS, or behind a proxy that speaks TLS (people.origin), the
// session's cookie is __Host-haltwire, Secure, HttpOnly and SameSite=Strict.
// Without either the desk answers loopback names only, and the cookie is called
// haltwire and lacks Secure, because browsers keep no Secure cookie of plain http.
// A request with a cookie that may change something must come from our own pages
// (Sec-Fetch-Site, Origin) and repeat the session's token in X-CSRF-Token.
//
// One human, one id: four eyes compare ids. Somebody who is in the users file and
// at the provider needs the same id in both (people.oidc.id_claim); then the users
// file decides about roles and locks, however they log in.
//
// Roles and locks of the users file hold from the next request; what a provider
// takes away holds from the next login, so people.session.longest bounds it. Codes
// of the step in which a process begins are not taken, because the process before it
// may have taken them: after a restart a login waits for the next code.
//
// It must not know what an alert is, nor which role an act takes.
package people
