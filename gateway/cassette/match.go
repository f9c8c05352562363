package cassette

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"strings"
	"unicode/utf8"

	"heimdall/gateway/jsondiff"
	"heimdall/providers/llm"
)

// What differs from run to run without asking for anything else is left out when requests are compared: who or which run
// calls, and where a client wants the provider to keep a prefix.
var (
	volatile       = []string{"cache_control", "cachePoint"} // at every depth
	volatileAtTop  = []string{"prompt_cache_key", "client_metadata", "safety_identifier"}
	volatileInMeta = []string{"user_id"} // of the member metadata at the top
)

// question is what a recording is found by.
type question struct {
	method, path, dialect string
	body                  any // normal
}

type key [sha256.Size]byte

// key is the same for requests that ask for the same.
func (q question) key() (k key) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n", q.method, q.path, q.dialect)
	_ = json.NewEncoder(h).Encode(q.body) // what was parsed can be written, and a hash takes all
	h.Sum(k[:0])
	return k
}

// normal is a body without what differs from run to run: a JSON value, or a text where it is none.
func normal(body []byte) any {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	v, err := jsondiff.Parse(body)
	if err != nil {
		return string(body)
	}
	if top, ok := v.(map[string]any); ok {
		remove(top, volatileAtTop)
		if meta, ok := top["metadata"].(map[string]any); ok {
			remove(meta, volatileInMeta)
		}
	}
	return steady(v)
}

func remove(object map[string]any, names []string) {
	for _, name := range names {
		delete(object, name)
	}
}

// steady removes what is volatile at every depth; elements of lists that are nothing else go with it.
func steady(v any) any {
	switch v := v.(type) {
	case map[string]any:
		remove(v, volatile)
		for name, one := range v {
			v[name] = steady(one)
		}
	case []any:
		kept := v[:0]
		for _, one := range v {
			object, _ := one.(map[string]any)
			was := len(object)
			if one = steady(one); was == 0 || len(object) > 0 {
				kept = append(kept, one)
			}
		}
		return kept
	}
	return v
}

var seed = maphash.MakeSeed()

// traits are what a body says and where, as hashes with their counts. Where in a list is left out, so that one turn more
// does not make all others strange.
func traits(body any) map[uint64]int {
	out := map[uint64]int{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, one := range v {
				walk(jsondiff.Member(path, name), one)
			}
		case []any:
			for _, one := range v {
				walk(path+"[]", one)
			}
		default:
			out[maphash.String(seed, fmt.Sprint(path, "\n", v))]++
		}
	}
	walk("", body)
	return out
}

// likeness is how much two bodies have in common: 1 = all, 0 = nothing.
func likeness(a, b map[uint64]int) float64 {
	common, all := 0, 0
	for trait, n := range a {
		common += min(n, b[trait])
		all += max(n, b[trait])
	}
	for trait, n := range b {
		if a[trait] == 0 {
			all += n
		}
	}
	if all == 0 {
		return 1
	}
	return float64(common) / float64(all)
}

// nearest is the recording that is most like a question: of the same route if there is one; nil = there is none at all.
func (p *Player) nearest(q question) (best *recording) {
	asked, most := traits(q.body), -1.0
	for i := range p.recordings {
		r := &p.recordings[i]
		like := likeness(asked, r.traits)
		if r.Request.Method == q.method && r.Request.Dialect == q.dialect {
			like++
		}
		if r.Request.Path == q.path {
			like++
		}
		if like > most {
			best, most = r, like
		}
	}
	return best
}

// told is how many differences an error names, and how many characters of a value it shows.
const told, toldValue = 5, 60

// miss is the error for a question that no recording answers.
func (p *Player) miss(q question) error {
	e := llm.Errorf(llm.KindInvalidRequest, "the cassette %q has no recording of this request", p.name)
	e.Status, e.Type, e.Code = 404, "cassette_miss", "cassette_miss"
	r := p.nearest(q)
	if r == nil {
		e.Message += "; it is empty"
		return e
	}
	e.Message += fmt.Sprintf(". The nearest is recording %s (%s %s, request %s)", r.folder, r.Request.Method, r.Request.Path, r.ID)
	if differs := p.differs(q, r); len(differs) > 0 {
		e.Message += ", which differs in " + strings.Join(differs, "; ")
	}
	return e
}

// differs names what a question asks for otherwise than a recording.
func (p *Player) differs(q question, r *recording) (out []string) {
	for _, one := range [...]struct{ name, recorded, asked string }{
		{"method", r.Request.Method, q.method}, {"path", r.Request.Path, q.path}, {"dialect", r.Request.Dialect, q.dialect},
	} {
		if one.recorded != one.asked {
			out = append(out, fmt.Sprintf("the %s: recorded %s, asked %s", one.name, one.recorded, one.asked))
		}
	}
	body, err := p.body(r.folder, r.Request.Body)
	if err != nil {
		return append(out, "what can't be read any more: "+requestFile)
	}
	changes, more := jsondiff.Compare(normal(body), q.body, told)
	for _, c := range changes {
		recorded, asked := apart(c.First, c.Second)
		at := c.Path
		if at == "" {
			at = "the body"
		}
		out = append(out, fmt.Sprintf("%s: recorded %s, asked %s", at, recorded, asked))
	}
	if more {
		out = append(out, "and more")
	}
	return out
}

// apart shows two values, shortened to where they differ.
func apart(first, second *string) (a, b string) {
	if first == nil || second == nil {
		return excerpt(first, 0), excerpt(second, 0)
	}
	from := 0
	for from < min(len(*first), len(*second)) && (*first)[from] == (*second)[from] {
		from++
	}
	from = max(0, from-toldValue/3)
	return excerpt(first, from), excerpt(second, from)
}

func excerpt(value *string, from int) string {
	if value == nil {
		return "nothing"
	}
	text := *value
	if len(text) <= toldValue {
		return text
	}
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	short := []rune(text[from:])
	out := string(short[:min(len(short), toldValue)])
	if from > 0 {
		out = "…" + out
	}
	if len(short) > toldValue {
		out += "…"
	}
	return out
}
