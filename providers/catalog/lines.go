package catalog

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

//go:embed prices.jsonl
var text string

// vendor is one that sells models. Its models are the lines of text from start to end.
type vendor struct {
	ID       string   `json:"vendor"`
	URL      string   `json:"url"`      // a regular expression for the beginning of its addresses
	Match    *rule    `json:"match"`    // other names that it goes by
	Fallback []string `json:"fallback"` // vendors whose models it sells too, at their prices

	start, end int

	once  sync.Once
	rules []rule
	lines []int // where the lines of the models start that the rules are of
}

// model is one line of a vendor: what it is called and what it costs when.
type model struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Context    int64    `json:"context"`
	Deprecated bool     `json:"deprecated"`
	Prices     []period `json:"prices"`
}

type index struct {
	dated   string
	vendors []*vendor
	byID    map[string]*vendor
}

// vendors reads the lines of the vendors, once.
var vendors = sync.OnceValue(func() *index {
	var head struct {
		Dated string `json:"dated"`
	}
	line, pos := cut(0)
	decode(line, &head)
	x := &index{dated: head.Dated, byID: map[string]*vendor{}}
	for pos < len(text) {
		line, next := cut(pos)
		if strings.HasPrefix(line, `{"vendor":`) {
			x.vendors = append(x.vendors, &vendor{start: next})
			decode(line, x.vendors[len(x.vendors)-1])
		}
		x.vendors[len(x.vendors)-1].end = next
		pos = next
	}
	for _, v := range x.vendors {
		x.byID[v.ID] = v
	}
	return x
})

// cut returns the line at pos and where the next one starts.
func cut(pos int) (string, int) {
	n := strings.IndexByte(text[pos:], '\n')
	return text[pos : pos+n], pos + n + 1
}

// decode reads a line. One that cannot be read is a fault of the program: its tests read them all.
func decode(line string, to any) {
	if err := json.Unmarshal([]byte(line), to); err != nil {
		panic(fmt.Sprintf("prices.jsonl: %v: %s", err, line))
	}
}
