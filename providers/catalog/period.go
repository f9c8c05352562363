package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

const secondsPerDay = 24 * 60 * 60

// period is the rates of a time: always, from a moment on, or between two times of every day in UTC.
type period struct {
	rates    rates
	since    int64 // unix seconds; 0 = always
	daily    bool
	from, to int64 // seconds of the day; to is not part of it, and may lie on the next day
}

func (p *period) UnmarshalJSON(b []byte) error {
	var row struct {
		Since   string             `json:"since"`
		Between []int64            `json:"between"`
		Free    bool               `json:"free"`
		Price   map[string]float64 `json:"price"`
		Tiers   []struct {
			Class string  `json:"class"`
			From  int64   `json:"from"`
			Price float64 `json:"price"`
		} `json:"tiers"`
	}
	if err := json.Unmarshal(b, &row); err != nil {
		return err
	}
	*p = period{rates: rates{free: row.Free}}
	if row.Since != "" {
		day, err := time.Parse(time.DateOnly, row.Since)
		if err != nil {
			return err
		}
		p.since = day.Unix()
	}
	if len(row.Between) == 2 {
		p.daily, p.from, p.to = true, row.Between[0], row.Between[1]
	}
	for name, price := range row.Price {
		c, err := classOf(name)
		if err != nil {
			return err
		}
		p.rates.set(c, price)
	}
	for _, t := range row.Tiers {
		c, err := classOf(t.Class)
		if err != nil {
			return err
		}
		p.rates.setTier(tier{class: c, from: t.From, price: t.Price})
	}
	return nil
}

func classOf(name string) (class, error) {
	if i := slices.Index(classNames[:], name); i >= 0 {
		return class(i), nil
	}
	return 0, fmt.Errorf("no class is called %q", name)
}

func (p *period) holds(at time.Time) bool {
	if !p.daily {
		return p.since == 0 || at.Unix() >= p.since
	}
	s := (at.Unix()%secondsPerDay + secondsPerDay) % secondsPerDay
	if p.to < p.from {
		return s >= p.from || s < p.to
	}
	return s >= p.from && s < p.to
}

// at is the period that counts at a time, by its place: the last that holds, else the first.
func (m *model) at(t time.Time) int {
	for i := len(m.Prices) - 1; i > 0; i-- {
		if m.Prices[i].holds(t) {
			return i
		}
	}
	return 0
}
