package generate

import (
	"heimdall/providers/llm"
)

// turns writes messages as contents. Messages of one role in a row become one content, so that the results of parallel
// calls stand together; a request of this dialect keeps its own division.
type turns struct {
	*out
	role     string // of the content that is open, empty if none
	before   string // the role of the message before
	extra    []llm.Extra
	names    map[string]string // of the calls so far, by id
	given    signatures        // those of the model's turn that is being written
	vouching bool              // calls without a signature need the word that they have none
}

func (o *out) contents(r *llm.Request, first int) {
	o.w.Key("contents")
	o.w.Open('[')
	t := turns{out: o, names: map[string]string{}, vouching: !o.own && generation(r.Model) >= levelsSince}
	for i := first; i < len(r.Messages); i++ {
		o.index = i
		t.message(r.Messages[i:])
	}
	t.end()
	o.w.Close(']')
}

// message writes the first of the messages that are left.
func (t *turns) message(left []llm.Message) {
	m, role := left[0], roleUser
	switch m.Role {
	case llm.RoleAssistant:
		role = roleModel
	case llm.RoleSystem, llm.RoleDeveloper:
		t.losses.Add(t.path("role"), "the generate dialect knows system text only at the start; it becomes a user turn")
	case llm.RoleUser, llm.RoleTool:
	}
	if m.Name != "" {
		t.losses.Add(t.path("name"), "the generate dialect does not name speakers")
	}
	if t.own || t.role != role {
		t.end()
	}
	if role == roleModel && (t.own || t.before != roleModel) {
		t.given = t.collect(t.run(left))
	}
	t.before = role
	if t.own {
		t.open(role)
	}
	for _, p := range m.Parts {
		t.piece(role, p)
	}
	if m.Extra[name] != nil {
		t.open(role)
		t.extra = append(t.extra, m.Extra)
	}
	t.lost("", m.Extra)
}

// run is the parts of the model's turn that begins with the first message.
func (t *turns) run(left []llm.Message) (parts []llm.Part) {
	for i, m := range left {
		if m.Role != llm.RoleAssistant || t.own && i > 0 {
			break
		}
		parts = append(parts, m.Parts...)
	}
	return parts
}

func (t *turns) piece(role string, p llm.Part) {
	if _, _, ok := carrier(p); ok && role == roleModel || !t.writable(p) {
		return
	}
	signature := ""
	switch p.Kind {
	case llm.PartText:
		if role == roleModel && t.counts(p) {
			signature = t.given.next(ofText)
		}
	case llm.PartCall:
		t.names[p.Call.ID] = p.Call.Name
		if role == roleModel {
			t.orphans(role)
			signature = t.callSignature()
		}
	case llm.PartResult:
		p.Result = t.named(p.Result)
	case llm.PartMedia, llm.PartReasoning, llm.PartRefusal, llm.PartOpaque:
	}
	if p.Kind == llm.PartText && p.Text == "" && signature == "" && p.Extra[name] == nil {
		return
	}
	t.open(role)
	t.part(p, signature)
}

// callSignature is that of the next call. Newer models refuse a turn whose first call has none.
func (t *turns) callSignature() string {
	first := t.given.at[ofCall] == 0
	signature := t.given.next(ofCall)
	if signature == "" && first && t.vouching {
		t.losses.Add(t.path("tool_calls"), "they came without the signature that the provider gave, so the model goes on without its thoughts")
		return noSignature
	}
	return signature
}

// orphans writes the signatures of texts that are not there; what carries them is an empty text.
func (t *turns) orphans(role string) {
	for _, s := range t.given.left {
		t.open(role)
		t.part(llm.Part{Kind: llm.PartText}, s)
	}
	t.given.left = nil
}

// named puts the function's name, which is needed here, on a result that only knows the id of its call.
func (t *turns) named(r *llm.ToolResult) *llm.ToolResult {
	if r.Name != "" {
		return r
	}
	out := *r
	out.Name = t.names[r.ID]
	if out.Name == "" {
		t.losses.Add(t.path("tool_call_id"), "no call has this id, so the function's name is unknown")
		out.Name = "unknown"
	}
	return &out
}

func (t *turns) open(role string) {
	if t.role == role {
		return
	}
	t.end()
	t.role = role
	t.w.Elem()
	t.w.Open('{')
	t.w.StringField("role", role)
	t.w.Key("parts")
	t.w.Open('[')
}

func (t *turns) end() {
	if t.role == "" {
		return
	}
	t.orphans(t.role)
	t.w.Close(']')
	for _, x := range t.extra {
		t.keep(x)
	}
	t.w.Close('}')
	t.role, t.extra, t.given = "", nil, signatures{}
}

// signatures are those of one turn of the model.
type signatures struct {
	of   map[owner]string
	at   map[byte]int // how many texts and calls have been written
	left []string     // of texts that are not there
}

func (s *signatures) next(kind byte) string {
	if s.at == nil {
		return ""
	}
	n := s.at[kind]
	s.at[kind]++
	return s.of[owner{kind, n}]
}

// counts reports whether a part is one of the texts that signatures are numbered by. Other dialects have no empty ones.
func (o *out) counts(p llm.Part) bool {
	return p.Kind == llm.PartText && (p.Text != "" || o.own || o.answer)
}

// collect gathers the signatures of a turn from the thoughts that carry them. That of a call that is not there goes to
// the first call without one.
func (o *out) collect(parts []llm.Part) signatures {
	s := signatures{of: map[owner]string{}, at: map[byte]int{}}
	texts, calls := 0, 0
	for _, p := range parts {
		switch {
		case o.counts(p):
			texts++
		case p.Kind == llm.PartCall:
			calls++
		}
	}
	var homeless []string
	for _, p := range parts {
		of, signature, ok := carrier(p)
		switch {
		case !ok:
		case of.kind == ofText && of.index >= texts:
			s.left = append(s.left, signature)
		case of.kind == ofCall && of.index >= calls:
			homeless = append(homeless, signature)
		default:
			s.of[of] = signature
		}
	}
	for i := 0; i < calls && len(homeless) > 0; i++ {
		if at := (owner{ofCall, i}); s.of[at] == "" {
			s.of[at], homeless = homeless[0], homeless[1:]
		}
	}
	if len(homeless) > 0 {
		o.losses.Add(o.path("reasoning"), "the call that this signature belongs to is gone")
	}
	return s
}
