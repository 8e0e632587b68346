// Package page lays an explanation out for people: three columns of bounded width,
// aligned, and the same without colour.
//
// It must not know how an explanation comes about.
package page
