package converse

import "heimdall/providers/llm"

// turns writes messages as alternating turns.
type turns struct {
	*out
	role  string      // of the turn that is open, empty if none
	extra []llm.Extra // of the messages that the open turn is made of
	paper bool        // the open turn has a document
	words bool        // the open turn has text
}

// beside is the text that stands with a document that came without any; the endpoint takes none alone.
const beside = "See the document."

func (t *turns) message(m llm.Message) {
	role := "user"
	switch m.Role {
	case llm.RoleAssistant:
		role = "assistant"
	case llm.RoleSystem, llm.RoleDeveloper:
		t.losses.Add(t.path("role"), "the converse dialect knows system text only at the start; it becomes a user turn")
	case llm.RoleUser, llm.RoleTool:
	}
	if m.Name != "" {
		t.losses.Add(t.path("name"), "the converse dialect does not name speakers")
	}
	for _, p := range m.Parts {
		if t.writable(p) {
			t.open(role)
			t.block(p)
			t.note(p)
			t.point(partMark(p))
		}
	}
	if t.role == "user" && t.paper && !t.words {
		t.losses.Add(t.path("content"), "the converse dialect takes a document only with text, so a few words are added")
		t.block(llm.Part{Kind: llm.PartText, Text: beside})
		t.words = true
	}
	if t.role == role {
		t.point(cacheMark(m.Extra))
	}
	if m.Extra[name] != nil {
		t.open(role)
		t.extra = append(t.extra, m.Extra)
	}
	t.lost("", without(m.Extra, "cache_control"))
}

// note sees what the open turn is made of.
func (t *turns) note(p llm.Part) {
	switch p.Kind {
	case llm.PartText, llm.PartRefusal:
		t.words = true
	case llm.PartMedia:
		f, _ := formOf(p.Media)
		t.paper = t.paper || f.kind == blockDocument
	case llm.PartReasoning, llm.PartCall, llm.PartResult, llm.PartOpaque:
	}
}

// partMark is the cache_control of a part. One inside a tool's result holds for the result, which has no room for it.
func partMark(p llm.Part) []byte {
	if v := cacheMark(p.Extra); v != nil || p.Kind != llm.PartResult {
		return v
	}
	for _, q := range p.Result.Parts {
		if v := cacheMark(q.Extra); v != nil {
			return v
		}
	}
	return nil
}

// point writes a cache point at the end of the open turn.
func (t *turns) point(control []byte) { t.out.point(control, t.role != "") }

func (t *turns) open(role string) {
	if t.role == role {
		return
	}
	t.end()
	t.role = role
	t.w.Elem()
	t.w.Open('{')
	t.w.StringField("role", role)
	t.w.Key("content")
	t.w.Open('[')
}

func (t *turns) end() {
	if t.role == "" {
		return
	}
	t.w.Close(']')
	for _, x := range t.extra {
		t.own(x)
	}
	t.w.Close('}')
	t.role, t.extra, t.paper, t.words = "", nil, false, false
}
