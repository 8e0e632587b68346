// Package config reads haltwire.yaml: strictly (an unknown key is an error that
// names it), once (everything is validated at load and immutable afterwards),
// and with every relative path taken from the folder of the file.
//
// Each component's own section is the Config type beside that component; this
// package only puts them together. It opens no connection.
package config
