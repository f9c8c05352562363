package dialecttest

import (
	"fmt"
	"slices"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// Cited is what the first choice of an answer says that it rests on: address and title of each page, once and sorted,
// because dialects order and join them differently.
func Cited(r *llm.Response) (pages []string) {
	if len(r.Choices) == 0 {
		return nil
	}
	for _, p := range r.Choices[0].Parts {
		for _, c := range p.Citations {
			pages = append(pages, c.URL+" "+c.Title)
		}
	}
	slices.Sort(pages)
	return slices.Compact(pages)
}

// CitedAt is where the first choice of an answer cites, in characters of the whole of its text: "URL start end".
func CitedAt(r *llm.Response) (places []string) {
	base := int64(0)
	for _, p := range r.Choices[0].Parts {
		for _, c := range p.Citations {
			if c.Start != nil && c.End != nil {
				places = append(places, fmt.Sprint(c.URL, *c.Start+base, *c.End+base))
			}
		}
		if p.Kind == llm.PartText {
			base += int64(dialect.Characters(p.Text))
		}
	}
	return places
}

// Uncited reports whether a warning says that the pages behind an answer are lost.
func Uncited(warnings []llm.Warning) bool {
	return slices.ContainsFunc(warnings, func(w llm.Warning) bool { return strings.HasSuffix(w.Field, ".citations") })
}

// Citations checks that the pages behind an answer arrive at a client of d, whole and streamed, with their places and
// words, and in a conversation at a provider of d; or that a warning says what is lost.
func Citations(d dialect.Dialect) error {
	at := func(n int64) *int64 { return &n }
	r := &llm.Response{ID: "i", Model: "m", Created: 1, Usage: &llm.Usage{Input: 1, Output: 1}, Choices: []llm.Choice{{
		Finish: llm.Finish{Reason: llm.FinishStop},
		Parts: []llm.Part{
			{Kind: llm.PartText, Text: "Größe: "},
			{Kind: llm.PartText, Text: "日本 is wide.", Citations: []llm.Citation{
				{URL: "https://a.example", Title: "A", Text: "wide", Start: at(0), End: at(2)}, {URL: "https://b.example", Start: at(3), End: at(5)}}},
			{Kind: llm.PartText, Text: " So.", Citations: []llm.Citation{{URL: "https://a.example", Title: "A", Start: at(0), End: at(4)},
				{URL: "https://c.example", Title: "C"}}},
		},
	}}}
	whole, warnings := d.Server.EncodeResponse(r)
	got, err := d.Client.DecodeResponse(whole)
	if err != nil {
		return err
	}
	if err := sameCitations(r, got, warnings); err != nil {
		return fmt.Errorf("whole: %w in %q", err, whole)
	}
	stream, warnings := Encode(d, &llm.Request{Stream: true, Params: llm.Params{IncludeUsage: true}}, Unfold(r))
	if got, err = llm.Fold(slices.Values(Decode(d, stream))); err != nil {
		return err
	}
	if err := sameCitations(r, got, warnings); err != nil {
		return fmt.Errorf("streamed: %w in %q", err, stream)
	}
	return citedTurn(d, r)
}

// citedTurn sends an answer back as a turn of a conversation.
func citedTurn(d dialect.Dialect, r *llm.Response) error {
	body, warnings, err := d.Client.EncodeRequest(&llm.Request{Model: "m", Messages: []llm.Message{
		{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartText, Text: "How wide?"}}},
		{Role: llm.RoleAssistant, Parts: r.Choices[0].Parts}}})
	if err != nil {
		return err
	}
	for _, url := range []string{"https://a.example", "https://b.example", "https://c.example"} {
		if !strings.Contains(string(body), url) && !Uncited(warnings) {
			return fmt.Errorf("%s was lost without a word: %v in %s", url, warnings, body)
		}
	}
	return nil
}

// Unfold is an answer as a stream, each part in one piece with its citations behind it.
func Unfold(r *llm.Response) []llm.Event {
	events := []llm.Event{{Type: llm.EventStart, Meta: &llm.Meta{ID: r.ID, Model: r.Model, Created: r.Created}}}
	for i, p := range r.Choices[0].Parts {
		events = append(events, llm.Event{Type: llm.EventBlockStart, Block: i, Part: llm.Part{Kind: p.Kind}},
			llm.Event{Type: llm.EventDelta, Block: i, Part: llm.Part{Kind: p.Kind, Text: p.Text}})
		for _, c := range p.Citations {
			events = append(events, llm.Event{Type: llm.EventDelta, Block: i, Part: llm.Part{Kind: p.Kind, Citations: []llm.Citation{c}}})
		}
		events = append(events, llm.Event{Type: llm.EventBlockEnd, Block: i})
	}
	return append(events, llm.Event{Type: llm.EventFinish, Finish: &r.Choices[0].Finish}, llm.Event{Type: llm.EventUsage, Usage: r.Usage})
}

func sameCitations(want, got *llm.Response, warnings []llm.Warning) error {
	lost := func(what string) bool {
		return slices.ContainsFunc(warnings, func(w llm.Warning) bool { return strings.HasSuffix(w.Field, ".citations"+what) })
	}
	if a, b := Cited(want), Cited(got); !slices.Equal(a, b) && !lost("") {
		return fmt.Errorf("citations %v became %v without a word: %v", a, b, warnings)
	}
	if a, b := CitedAt(want), CitedAt(got); !slices.Equal(a, b) && !lost("") && !lost(".start") {
		return fmt.Errorf("places %v became %v without a word: %v", a, b, warnings)
	}
	if a, b := quotes(want), quotes(got); a != b && !lost("") && !lost(".text") {
		return fmt.Errorf("what pages say, %q, became %q without a word: %v", a, b, warnings)
	}
	return nil
}

func quotes(r *llm.Response) (all string) {
	for _, p := range r.Choices[0].Parts {
		for _, c := range p.Citations {
			all += c.Text
		}
	}
	return all
}
