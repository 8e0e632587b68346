// Package register owns the users file: who may log in, with what, and which
// tokens there are.
//
//	people:
//	  - id: O1                          # pseudonymous, for ever; the log names it
//	    name: Duty officer              # shown to colleagues only
//	    roles: [officer]                # officer | supervisor | head, or auditor, or admin
//	    password: $argon2id$v=19$m=65536,t=3,p=2$…
//	    totp: …                         # sealed, see below
//	    locked: true
//	tokens:
//	  - name: console-o1
//	    person: O1                      # or machine: true
//	    scopes: [read, act]             # read | act | reload
//	    sha256: …                       # of the token, which is 256 random bits
//	    expires: 2026-12-31T00:00:00Z
//
// The file is written whole and atomically with mode 0600 by whoever holds its
// lock (file.lock beside it), and read again when it changes; a changed file that
// does not parse leaves the one before in force, with an error in the log.
//
// Secrets of one-time codes are sealed with AES-256-GCM under a key derived from
// keys.log, bound to the person's id: a copy of the file alone gives nobody a
// second factor, and moving a secret to another person makes it unreadable. Losing
// keys.log means that everybody enrols again.
//
// It must not know HTTP, sessions or what a role may do.
package register
