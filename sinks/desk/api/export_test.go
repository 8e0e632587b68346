package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api/openapi"
	"github.com/haltwire/haltwire/sinks/desk/live"
	"github.com/haltwire/haltwire/sinks/desk/people"
	"github.com/haltwire/haltwire/sinks/freeze"
)

type node = openapi.Node

// Problem codes that an operation may answer beside those of its own.
func refusalsOf(x route) []int {
	if x.login != nil {
		return x.login.refusals
	}
	out := slices.Clone(x.refusals)
	if x.scope != "" || x.known {
		out = append(out, http.StatusUnauthorized)
	}
	if x.scope != "" {
		out = append(out, http.StatusForbidden)
	}
	out = append(out, http.StatusBadRequest)
	if x.body != nil {
		out = append(out, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusRequestTimeout)
	}
	out = append(out, http.StatusInternalServerError)
	slices.Sort(out)
	return slices.Compact(out)
}

// Generate writes the document from the routes and the types.
func Generate() ([]byte, error) {
	w := &openapi.Writer{
		Scalars: scalars(), Members: members(), Omit: []string{"Action.do"}, Closed: []reflect.Type{reflect.TypeFor[desk.Action](), reflect.TypeFor[people.Credentials](), reflect.TypeFor[desk.Paper]()},
		Full: []string{reflect.TypeFor[desk.View]().PkgPath(), reflect.TypeFor[Me]().PkgPath()}, Source: "../../..", Module: "github.com/haltwire/haltwire",
	}
	paths := node{}
	for _, x := range routes() {
		op, err := operation(w, x)
		if err != nil {
			return nil, err
		}
		if paths[x.path] == nil {
			paths[x.path] = node{}
		}
		paths[x.path].(node)[strings.ToLower(x.method)] = op //nolint:forcetypeassert // put there above
	}
	for _, t := range []reflect.Type{reflect.TypeFor[Problem](), reflect.TypeFor[live.Change]()} {
		if _, err := w.Ref(t); err != nil {
			return nil, err
		}
	}
	return json.MarshalIndent(node{
		"openapi": "3.1.0",
		"info": node{
			"title": "Haltwire desk", "version": "1", "license": node{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "Alerts, what officers decide about them, tasks and parties. Errors are application/problem+json (RFC 9457); their member code is for programs. A cookie session sends X-CSRF-Token with everything that is no GET.",
		},
		"servers": []node{{"url": "/"}},
		"paths":   paths,
		"components": node{
			"schemas": w.Schemas(),
			"securitySchemes": node{
				"token":   node{"type": "http", "scheme": "bearer", "description": "A token of the users file, or the shared one of the development form."},
				"session": node{"type": "apiKey", "in": "cookie", "name": "__Host-haltwire", "description": "A session; its CSRF token goes into X-CSRF-Token."},
			},
		},
	}, "", " ")
}

func operation(w *openapi.Writer, x route) (node, error) {
	var params []node
	for _, name := range []string{"id", "act"} {
		if p := places()[name]; strings.Contains(x.path, "{"+name+"}") {
			params = append(params, parameter(p, "path"))
		}
	}
	for _, p := range x.query {
		params = append(params, parameter(p, "query"))
	}
	for _, p := range x.headers {
		params = append(params, parameter(p, "header"))
	}
	answers, err := answersOf(w, x)
	if err != nil {
		return nil, err
	}
	op := node{"operationId": x.name, "summary": x.about, "responses": answers, "security": []node{}}
	if len(params) > 0 {
		op["parameters"] = params
	}
	if x.scope != "" || x.known {
		op["security"] = []node{{"token": []string{}}, {"session": []string{}}}
	}
	if x.scope != "" {
		op["x-scope"] = string(x.scope)
	}
	if x.body != nil {
		ref, err := w.Ref(x.body)
		if err != nil {
			return nil, err
		}
		op["requestBody"] = node{"required": true, "content": node{mediaJSON: node{"schema": ref}}}
	}
	return op, nil
}

func answersOf(w *openapi.Writer, x route) (node, error) {
	ok := node{"description": "Done."}
	media := x.media
	if media == "" {
		media = mediaJSON
	}
	switch {
	case x.answer != nil:
		ref, err := w.Ref(x.answer)
		if err != nil {
			return nil, err
		}
		ok["content"] = node{media: node{"schema": ref}}
	case x.login != nil && x.media == "": // nothing to read
	case media == mediaEvents, media == mediaHTML:
		ok["content"] = node{media: node{"schema": node{"type": "string"}}}
	default:
		ok["content"] = node{media: node{"schema": node{"type": "object"}}}
	}
	out := node{"200": ok}
	if x.login != nil {
		out = node{fmt.Sprint(x.login.status): ok}
		headers := node{}
		for name, about := range x.login.headers {
			headers[name] = node{"schema": node{"type": "string"}, "description": about}
		}
		if len(headers) > 0 {
			ok["headers"] = headers
		}
	}
	if x.tagged {
		ok["headers"] = node{"ETag": node{"schema": node{"type": "string"}, "description": "Of this answer; see If-None-Match."}}
		out["304"] = node{"description": "The caller has this already."}
	}
	for _, status := range refusalsOf(x) {
		out[fmt.Sprint(status)] = node{"description": http.StatusText(status), "content": node{mediaProblem: node{"schema": node{"$ref": "#/components/schemas/Problem"}}}}
	}
	return out, nil
}

func parameter(p param, in string) node {
	schema := node{"type": "string"}
	switch {
	case p.number:
		schema = node{"type": "integer", "minimum": p.min, "maximum": p.max}
	case p.enum != nil:
		schema["enum"] = p.enum
	default:
		schema["pattern"] = p.pattern
		schema["maxLength"] = p.most
	}
	if p.standard != "" {
		schema["default"] = json.RawMessage(p.standard)
	}
	n := node{"name": p.name, "in": in, "description": p.about, "schema": schema}
	if in == "path" {
		n["required"] = true
	}
	if p.example != "" {
		n["example"] = p.example
	}
	return n
}

func scalars() map[reflect.Type]node {
	scopes := []people.Scope{people.ScopeRead, people.ScopeAct, people.ScopeReload}
	roles := []caselog.Role{caselog.RoleOfficer, caselog.RoleSupervisor, caselog.RoleHead, caselog.RoleAuditor, caselog.RoleAdmin}
	return map[reflect.Type]node{
		reflect.TypeFor[freeze.Time]():  {"type": "string", "format": "date-time"},
		reflect.TypeFor[freeze.Dec]():   {"type": "string", "pattern": `^[0-9]{1,20}(\.[0-9]{1,18})?$`},
		reflect.TypeFor[people.Scope](): {"type": "string", "enum": scopes},
		reflect.TypeFor[caselog.Role](): {"type": "string", "enum": append(roles, "")},
	}
}

// members are the forms of what officers write.
func members() map[string]node {
	text := func(most int) node {
		return node{"type": "string", "maxLength": most, "pattern": `^[^\x00-\x08\x0B-\x1F\x7F]*$`}
	}
	form := func(pattern string) node { return node{"type": "string", "pattern": pattern} }
	money := node{
		"type": "object", "required": []string{"amount", "currency"}, "additionalProperties": false,
		"properties": node{"amount": form(`^[0-9]{1,20}(\.[0-9]{1,18})?$`), "currency": form(`^([A-Z]{3}|[1-9B-DF-HJ-NP-TV-XZ][0-9B-DF-HJ-NP-TV-XZ]{8})$`)},
	}
	out := map[string]node{
		"as": form(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`), "digest": form(`^[0-9a-f]{64}$`), "basis": text(500), "code": form(`^[A-Za-z0-9_]{1,40}$`),
		"task": form(`^T[0-9]{1,6}$`), "reason": text(2000), "about": form(`^[A-Za-z0-9.][A-Za-z0-9._/:-]{0,99}$`), "until": {"type": "string", "format": "date-time"},
		"amount": money, "offence": form(`^[a-z0-9_]{1,40}$`),
		"how": form(`^[a-z0-9_.-]{1,32}$`), "at": {"type": "string", "format": "date-time"}, "document": form(`^[0-9a-f]{64}$`),
		"items":   {"type": "array", "maxItems": 500, "items": form(`^[A-Z0-9][A-Z0-9-]{0,34}$`)},
		"asks":    {"type": "array", "maxItems": 20, "items": form(`^-?[a-z_]{1,40}$`)},
		"amounts": {"type": "object", "maxProperties": 500, "propertyNames": form(`^[A-Z0-9][A-Z0-9-]{0,34}$`), "additionalProperties": money},
		"texts": {"type": "object", "maxProperties": 50, "propertyNames": form(`^[A-Za-z0-9][A-Za-z0-9_.\[\]/-]{0,99}$`), "additionalProperties": text(4000),
			"properties": textProperties(text)},
	}
	for _, name := range []string{"as", "how", "at", "document", "reason"} {
		out["Paper."+name] = out[name]
	}
	out["Paper.party"], out["Paper.from"] = form(`^[A-Za-z0-9.][A-Za-z0-9._-]{0,63}$`), text(140)
	out["Paper.message"] = node{"type": "string", "maxLength": freeze.MaxSize}
	for name := range maps.Clone(out) {
		if strings.Contains(name, ".") {
			continue
		}
		out["Action."+name] = out[name]
		delete(out, name)
	}
	for name, about := range map[string]node{"Credentials.id": form(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`), "Credentials.password": {"type": "string", "format": "password"}, "Credentials.code": form(`^[0-9]{6}$`)} {
		out[name] = about
	}
	return out
}

// textProperties are the texts that acts take, by name; accept, ask_info and info take beside them
// the path of any member.
func textProperties(text func(most int) node) node {
	about := map[string][]string{}
	for _, direction := range []string{caselog.Out, caselog.In} {
		for _, do := range desk.Acts() {
			for _, t := range desk.TextsOf(direction, do) {
				about[t.Name] = append(about[t.Name], do+" ("+direction+"): "+t.About)
			}
		}
	}
	out := node{}
	for _, name := range desk.TextNames() {
		most := 4000
		if name == "message" { // what a partner said, as JSON
			most = 40000
		}
		out[name] = openapi.Node{"description": strings.Join(about[name], " ")}
		maps.Copy(out[name].(node), text(most)) //nolint:forcetypeassert // put there above
	}
	return out
}

// Patterns lists what the mux serves.
func Patterns() []string {
	var out []string
	for _, x := range routes() {
		out = append(out, x.method+" "+x.path)
	}
	return out
}
