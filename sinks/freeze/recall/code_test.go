package recall_test

import (
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze/recall"
)

// TestCodes is the table of FREEZE 3.5.
func TestCodes(t *testing.T) {
	for class, list := range map[recall.Class]string{
		recall.Positive: "CNCL ACCR CWFW", recall.Partial: "PECR PACR", recall.Pending: "PDCR PDNG ADAC ARPL RQDA IDMN INDM", recall.Forwarded: "PTNA FTNA",
		recall.NoMoney: "AC04 AM04", recall.PrivateLaw: "CUST NOAS AGNT", recall.Law: "LEGL RR04", recall.NotApplied: "NOOR WSEQ UWFW",
		recall.Done: "ARDT", recall.Text: "NARR", recall.Rejected: "RJCR", recall.Unknown: "MODI IPAY XXXX cncl",
	} {
		for code := range strings.FieldsSeq(list) {
			if got := recall.ClassOf(code); got != class {
				t.Errorf("%s is %s, want %s", code, got, class)
			}
		}
	}
	if recall.ClassOf("") != recall.Unknown {
		t.Error("no code has a class")
	}
}

// TestStates is the same table as states of a recall.
func TestStates(t *testing.T) {
	for code, want := range map[string]string{
		"CNCL": "accepted", "ARDT": "accepted", "PECR": "partly_accepted", "PDCR": "pending", "PTNA": "forwarded", "RJCR": "rejected",
		"AC04": "rejected", "AGNT": "rejected", "LEGL": "rejected", "NOOR": "rejected", "NARR": "", "XXXX": "",
	} {
		if got := recall.StateOf(recall.ClassOf(code)); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for iso, want := range map[string]string{
		"AC04": "account_closed", "AM04": "no_funds", "CUST": "creditor_refuses", "NOAS": "no_answer", "AGNT": "agent_refuses",
		"LEGL": "other", "RR04": "other", "NOOR": "other", "NARR": "other", "": "other",
	} {
		code, cure := recall.RefusalOf(iso)
		if code != want || (cure == "") != (iso == "NARR" || iso == "") {
			t.Errorf("%s: %s, %q", iso, code, cure)
		}
	}
}
