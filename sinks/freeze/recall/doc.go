// Package recall owns the words of ISO 20022 about the recall of a payment (FREEZE
// 3.5): which class of answer a code is, and what it means in the words of FREEZE.
//
// It must not know files, messages nor states of alerts: the channel that reads
// answers, the machine that follows recalls and officers who type codes in share it.
package recall
