package manual

import (
	"bytes"
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// Sizes of the page in millimetres, and of type in points.
const (
	margin, gutter          = 18.0, 60.0
	lineHeight, headingGap  = 4.6, 1.6
	bodySize, titleSize     = 9.0, 13.0
	indentStep              = 4.0
	footerFromBottom, small = -14.0, 7.5
)

// pdf lays the sheet out: labels on the left, values on the right.
func (s sheet) pdf() ([]byte, error) {
	glyphs, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("read font: %w", err)
	}
	p := page{Fpdf: fpdf.New("P", "mm", "A4", ""), font: glyphs}
	p.SetCreationDate(s.head.CreatedAt.Time)
	p.SetModificationDate(s.head.CreatedAt.Time)
	p.SetCatalogSort(true)
	p.SetProducer("haltwire", true)
	p.SetTitle(p.known(s.title()), true)
	p.AddUTF8FontFromBytes("go", "", goregular.TTF)
	p.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, margin+4)
	p.frame(s)
	p.AddPage()
	p.SetFont("go", "B", titleSize)
	p.MultiCell(0, lineHeight*1.5, p.known(s.title()), "", "L", false)
	p.Ln(headingGap)
	for i, l := range s.lines {
		if i > 0 && !l.heading && l.depth < s.lines[i-1].depth {
			p.Ln(headingGap)
		}
		p.line(l)
	}
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return out.Bytes(), nil
}

// page is a document in the making.
type page struct {
	*fpdf.Fpdf
	font *sfnt.Font
	buf  sfnt.Buffer
}

// frame puts the marking on top of every page, and what proves it below.
func (p *page) frame(s sheet) {
	p.AliasNbPages("{nb}")
	p.SetHeaderFunc(func() {
		p.SetFont("go", "B", bodySize)
		p.CellFormat(0, lineHeight, p.known(s.marking()), "", 1, "C", false, 0, "")
		p.Ln(headingGap)
	})
	p.SetFooterFunc(func() {
		p.SetY(footerFromBottom)
		p.SetFont("go", "", small)
		p.CellFormat(0, lineHeight, fmt.Sprintf("%s · page %d of {nb}", p.known(s.head.MessageID), p.PageNo()), "", 1, "C", false, 0, "")
		p.CellFormat(0, lineHeight, "SHA-256 of the message "+s.digest, "", 0, "C", false, 0, "")
	})
}

func (p *page) line(l line) {
	indent := margin + indentStep*float64(l.depth)
	p.SetX(indent)
	if l.heading {
		if _, height := p.GetPageSize(); p.GetY() > height-2*margin-4*lineHeight { // none stands alone at the bottom
			p.AddPage()
		}
		p.Ln(headingGap)
		p.SetX(indent)
		p.SetFont("go", "B", bodySize)
		p.MultiCell(0, lineHeight, p.known(l.label), "", "L", false)
		return
	}
	// A label that does not fit beside its value stands above it.
	p.SetFont("go", "B", small)
	label := p.known(l.label)
	at := max(gutter, indent+p.GetStringWidth(label)+2)
	p.CellFormat(at-indent, lineHeight, label, "", 0, "L", false, 0, "")
	p.SetFont("go", "", bodySize)
	left, _, _, _ := p.GetMargins()
	p.SetLeftMargin(at)
	p.SetX(at)
	p.MultiCell(0, lineHeight, p.known(l.value), "", "L", false)
	p.SetLeftMargin(left)
	p.SetX(left)
}

// known shows what the font has no sign for as code points.
func (p *page) known(s string) string {
	var b strings.Builder
	for _, r := range s {
		if i, err := p.font.GlyphIndex(&p.buf, r); r != '\n' && (err != nil || i == 0) {
			fmt.Fprintf(&b, "[U+%04X]", r)
			continue
		}
		b.WriteRune(r)
	}
	return strings.ReplaceAll(b.String(), "{nb}", "{ nb}") // which stands for the number of pages
}
