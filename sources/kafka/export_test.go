package kafka

// Structured lets tests look at what becomes of a record in binary mode.
var Structured = structured
