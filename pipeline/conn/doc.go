// Package conn owns how haltwire reaches Kafka and ClickHouse: addresses, TLS,
// SASL and the settings of a sarama client that every user of one shares.
//
// It must not know topics, groups, tables or records. A component that needs a
// Kafka connection embeds Config in its own Config and adds what is its own.
//
// Paths in a Config are as the user wrote them; Under makes them absolute once,
// at load, so that nothing later depends on the working directory.
package conn
