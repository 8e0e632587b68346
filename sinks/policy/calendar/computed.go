package calendar

import (
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/bg"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/gr"
	"github.com/rickar/cal/v2/hr"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/lt"
	"github.com/rickar/cal/v2/lv"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/ro"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/si"
	"github.com/rickar/cal/v2/sk"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"
)

// The years for which holidays are computed: beyond them weekends alone count.
const firstYear, lastYear = 2020, 2045

// rules are the national holidays of a country and the zone of its capital or, where
// it has several, of its money.
type rules struct {
	zone     string
	holidays []*cal.Holiday
}

func computed() map[string]rules {
	return map[string]rules{
		"AT": {"Europe/Vienna", at.Holidays},
		"BE": {"Europe/Brussels", be.Holidays},
		"BG": {"Europe/Sofia", bg.Holidays},
		"CA": {"America/Toronto", ca.Holidays},
		"CH": {"Europe/Zurich", ch.Holidays},
		"CZ": {"Europe/Prague", cz.Holidays},
		"DE": {"Europe/Berlin", de.Holidays},
		"DK": {"Europe/Copenhagen", dk.Holidays},
		"ES": {"Europe/Madrid", es.Holidays},
		"FR": {"Europe/Paris", fr.Holidays},
		"GB": {"Europe/London", gb.Holidays},
		"GR": {"Europe/Athens", gr.Holidays},
		"HR": {"Europe/Zagreb", hr.Holidays},
		"IE": {"Europe/Dublin", ie.Holidays},
		"IT": {"Europe/Rome", it.Holidays},
		"JP": {"Asia/Tokyo", jp.Holidays},
		"LT": {"Europe/Vilnius", lt.Holidays},
		"LV": {"Europe/Riga", lv.Holidays},
		"NL": {"Europe/Amsterdam", nl.Holidays},
		"NO": {"Europe/Oslo", no.Holidays},
		"NZ": {"Pacific/Auckland", nz.Holidays},
		"PL": {"Europe/Warsaw", pl.Holidays},
		"RO": {"Europe/Bucharest", ro.Holidays},
		"SE": {"Europe/Stockholm", se.Holidays},
		"SI": {"Europe/Ljubljana", si.Holidays},
		"SK": {"Europe/Bratislava", sk.Holidays},
		"US": {"America/New_York", us.Holidays},
		"ZA": {"Africa/Johannesburg", za.Holidays},
	}
}

// compute fills in what rules say of the country, if there are any.
func (c *Calendar) compute() {
	r, known := computed()[c.Country]
	if !known {
		return
	}
	c.Known = true
	if zone, err := time.LoadLocation(r.zone); err == nil && c.zone == time.UTC {
		c.zone = zone
	}
	for year := firstYear; year <= lastYear; year++ {
		c.years[year] = true
		for _, h := range r.holidays {
			if _, observed := h.Calc(year); !observed.IsZero() {
				c.off[localDay(observed)] = true
			}
		}
	}
}
