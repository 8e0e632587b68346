package code

// Offences returns the predicate offences that a rule may name and an officer may write
// into a request (FREEZE §2, legal.predicate_offence).
func Offences() []string {
	return []string{"fraud", "computer_fraud", "identity_fraud", "corruption", "drug_trafficking", "extortion", "forgery", "human_trafficking", "money_laundering", "tax_crime", "terrorist_financing", "theft"}
}
