package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Drafts are the files that the victim's bank was given, by name without suffix.
func (w *World) Drafts() (map[string]string, error) {
	names, err := filepath.Glob(w.IN.file("bank", "out", "*.xml"))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read draft: %w", err)
		}
		out[strings.TrimSuffix(filepath.Base(name), ".xml")] = string(text)
	}
	return out, nil
}

// answers puts a file into the folder that the victim's bank answers in. It has lain
// there for a minute.
func (w *World) answers(name, text string) error {
	path := w.IN.file("bank", "in", name)
	past := w.Clock.Now().Add(-minute)
	if err := os.WriteFile(path+".part", []byte(text), 0o600); err != nil {
		return fmt.Errorf("answer of the bank: %w", err)
	}
	if err := os.Chtimes(path+".part", past, past); err != nil {
		return fmt.Errorf("answer of the bank: %w", err)
	}
	return os.Rename(path+".part", path)
}

// resolution is a camt.029 about payments by their UETR; with a reason it rejects.
func resolution(id, caseID, conf, reason, at string, uetrs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"><RsltnOfInvstgtn><Assgnmt><Id>%s</Id><Assgnr><Agt><FinInstnId><BICFI>HWBAGB2L</BICFI></FinInstnId></Agt></Assgnr><Assgne><Agt><FinInstnId><BICFI>HWBIINBB</BICFI></FinInstnId></Agt></Assgne><CreDtTm>%s</CreDtTm></Assgnmt>`, id, at)
	if caseID != "" {
		fmt.Fprintf(&b, `<RslvdCase><Id>%s</Id><Cretr><Agt><FinInstnId><BICFI>HWBIINBB</BICFI></FinInstnId></Agt></Cretr></RslvdCase>`, caseID)
	}
	fmt.Fprintf(&b, `<Sts><Conf>%s</Conf></Sts><CxlDtls>`, conf)
	for _, u := range uetrs {
		fmt.Fprintf(&b, `<TxInfAndSts><OrgnlUETR>%s</OrgnlUETR>`, u)
		if reason != "" {
			fmt.Fprintf(&b, `<TxCxlSts>RJCR</TxCxlSts><CxlStsRsnInf><Rsn><Cd>%s</Cd></Rsn><AddtlInf>Under a measure of an authority</AddtlInf></CxlStsRsnInf>`, reason)
		}
		b.WriteString(`</TxInfAndSts>`)
	}
	b.WriteString(`</CxlDtls></RsltnOfInvstgtn></Document>`)
	return b.String()
}

// giveBack is a pacs.004 that returns a payment.
func giveBack(uetr, amount string) string {
	return fmt.Sprintf(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.004.001.09"><PmtRtr><GrpHdr><MsgId>BANKB-RTR-1</MsgId><CreDtTm>2026-03-04T08:00:00.000Z</CreDtTm><NbOfTxs>1</NbOfTxs><IntrBkSttlmDt>2026-03-04</IntrBkSttlmDt><SttlmInf><SttlmMtd>INDA</SttlmMtd></SttlmInf></GrpHdr><TxInf><RtrId>RTR-1</RtrId><OrgnlUETR>%s</OrgnlUETR><RtrdIntrBkSttlmAmt Ccy="GBP">%s</RtrdIntrBkSttlmAmt><RtrRsnInf><Rsn><Cd>FOCR</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr></Document>`, uetr, amount)
}
