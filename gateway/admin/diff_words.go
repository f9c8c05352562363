package admin

import (
	"strings"
	"unicode"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// The kinds of a DiffPart.
const (
	partSame    = "same"
	partAdded   = "added"
	partRemoved = "removed"
)

// maxRuns bounds how long words are compared: each run finds some hundred differences from both ends, and the next one
// goes on between them. What is left then counts as replaced.
const maxRuns = 200

// maxText is how long texts may be, in bytes, to be compared word by word; longer ones are compared line by line.
const maxText = 512 << 10

// diffWords compares two texts word by word. All parts but the added ones make the first text, all but the removed ones
// the second.
func diffWords(first, second string) []DiffPart {
	ids := map[string]rune{}
	cut := wordsOf
	if max(len(first), len(second)) > maxText {
		cut = linesOf
	}
	a, b := cut(first), cut(second)
	parts := &parts{}
	at, runs := 0, maxRuns
	for _, d := range compareWords(numbered(a, ids), numbered(b, ids), &runs) {
		parts.add(partSame, a[at:d.Start])
		parts.add(partRemoved, a[d.Start:d.End])
		parts.add(partAdded, b[d.ReplStart:d.ReplEnd])
		at = d.End
	}
	parts.add(partSame, a[at:])
	return parts.legible()
}

// compareWords lists what was replaced by what. It looks again into what was not taken apart to the end.
func compareWords(a, b []rune, runs *int) (out []lcs.Diff) {
	*runs--
	for _, d := range lcs.DiffRunes(a, b) {
		old, fresh := a[d.Start:d.End], b[d.ReplStart:d.ReplEnd]
		if *runs <= 0 || len(old) == 0 || len(fresh) == 0 || len(old)+len(fresh) == len(a)+len(b) {
			out = append(out, d)
			continue
		}
		for _, in := range compareWords(old, fresh, runs) {
			out = append(out, lcs.Diff{Start: d.Start + in.Start, End: d.Start + in.End, ReplStart: d.ReplStart + in.ReplStart, ReplEnd: d.ReplStart + in.ReplEnd})
		}
	}
	return out
}

// wordsOf cuts a text into words, the white space between them, and what is neither, character by character.
func wordsOf(text string) []string {
	var out []string
	begin, kind := 0, 0
	for i, r := range text {
		k := 3
		switch {
		case unicode.IsSpace(r):
			k = 1
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_':
			k = 2
		}
		if i > 0 && (k != kind || k == 3 || r == '\n') {
			out = append(out, text[begin:i])
			begin = i
		}
		kind = k
	}
	if begin < len(text) {
		out = append(out, text[begin:])
	}
	return out
}

// linesOf cuts a text after each line end.
func linesOf(text string) []string { return strings.SplitAfter(text, "\n") }

// numbered gives equal words equal numbers.
func numbered(words []string, ids map[string]rune) []rune {
	out := make([]rune, len(words))
	for i, w := range words {
		id, ok := ids[w]
		if !ok {
			id = rune(len(ids))
			ids[w] = id
		}
		out[i] = id
	}
	return out
}

// parts collects the pieces of a comparison.
type parts struct{ list []DiffPart }

func (p *parts) add(op string, words []string) {
	if len(words) > 0 {
		p.list = append(p.list, DiffPart{op, strings.Join(words, "")})
	}
}

// legible joins changes that have nothing but white space or a sign between them, so that a rewritten sentence is read as
// one, and says what was removed before what was added.
func (p *parts) legible() []DiffPart {
	out := []DiffPart{}
	var removed, added []string
	flush := func() {
		for _, side := range [...]struct {
			op    string
			texts []string
		}{{partRemoved, removed}, {partAdded, added}} {
			if len(side.texts) > 0 {
				out = append(out, DiffPart{side.op, strings.Join(side.texts, "")})
			}
		}
		removed, added = nil, nil
	}
	for i, one := range p.list {
		switch {
		case one.Op == partRemoved:
			removed = append(removed, one.Text)
		case one.Op == partAdded:
			added = append(added, one.Text)
		case len(removed) > 0 && len(added) > 0 && slight(one.Text) && i+1 < len(p.list):
			removed, added = append(removed, one.Text), append(added, one.Text)
		default:
			flush()
			out = append(out, one)
		}
	}
	flush()
	return out
}

// slight reports whether a text holds no word.
func slight(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\n' })
}
